"""Charts as SVG that stands in the page: their colours are classes, which the page has for light and for dark."""
