"""Recognition of data: which task they are for, in which format, and which columns mean what.

What is not clear is a question: a wrong guess costs a training, a question a second.
"""
