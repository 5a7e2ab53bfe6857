"use strict";
(() => {
  const PER_PAGE = 25, SHORT = 420, BEFORE = 120, COLORS = 10;
  const ANY = "any", WAIT = 120;

  /** Make an element. Texts are set as texts: nothing of the data is ever read as HTML. */
  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const number = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));

  /** A text by code points, as Python counts them: some take two places in a string of JavaScript. */
  class Characters {
    constructor(text) {
      this.points = /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
      this.length = this.points.length;
    }
    slice(start, end) {
      const part = this.points.slice(start, end);
      return typeof part === "string" ? part : part.join("");
    }
  }

  /** Return the part of a text that is shown at first: all of a short one, else what is around its first mark. */
  const windowOf = (length, marks) => {
    if (length <= SHORT) return [0, length];
    const first = marks.length ? Math.min(...marks.map((mark) => mark[1])) : 0;
    const start = Math.max(0, first - BEFORE);
    return [start, Math.min(length, start + SHORT)];
  };

  const overlap = (marks) => {
    const sorted = [...marks].sort((one, other) => one[1] - other[1]);
    return sorted.some((mark, place) => place > 0 && mark[1] < sorted[place - 1][2]);
  };
  const isOdd = (mark, others) =>
    others !== null && !others.some((other) => [0, 1, 2, 3].every((place) => other[place] === mark[place]));
  const hint = (mark, labels) => labels[mark[3]] + (mark[4] === null ? "" : ` ${number(mark[4], 2)}`);

  /** Draw entities that stand apart, as displaCy draws them. */
  const drawApart = (target, text, marks, labels, others, [start, end]) => {
    let place = start;
    for (const mark of [...marks].sort((one, other) => one[1] - other[1])) {
      if (mark[2] <= start || mark[1] >= end) continue;
      const [from, to] = [Math.max(start, mark[1]), Math.min(end, mark[2])];
      target.append(text.slice(place, from));
      const drawn = make("mark", `ent k${mark[3] % COLORS}`, text.slice(from, to), make("small", "", labels[mark[3]] ?? ""));
      if (isOdd(mark, others)) drawn.classList.add("odd");
      drawn.title = hint(mark, labels);
      target.append(drawn);
      place = to;
    }
    target.append(text.slice(place, end));
  };

  /** Draw spans that overlap: a line under the text for each, and its label where it begins. */
  const drawLayered = (target, text, marks, labels, others, [start, end]) => {
    target.classList.add("layered");
    const sorted = [...marks].sort((one, other) => one[1] - other[1] || other[2] - one[2]);
    const free = [];
    const layers = sorted.map((mark) => {
      let layer = free.findIndex((until) => until <= mark[1]);
      if (layer < 0) layer = free.length;
      free[layer] = mark[2];
      return layer;
    });
    const cuts = [start, end, ...sorted.flatMap((mark) => [mark[1], mark[2]])].filter((cut) => cut >= start && cut <= end);
    const places = [...new Set(cuts)].sort((one, other) => one - other);
    places.slice(0, -1).forEach((from, number) => {
      const to = places[number + 1];
      sorted.filter((mark) => mark[1] === from).forEach((mark) => {
        const drawn = make("span", `begin k${mark[3] % COLORS}`, labels[mark[3]]);
        if (isOdd(mark, others)) drawn.classList.add("odd");
        drawn.title = hint(mark, labels);
        target.append(drawn);
      });
      const piece = make("span", "", text.slice(from, to));
      const under = sorted.map((mark, index) => [mark, layers[index]]).filter(([mark]) => mark[1] <= from && mark[2] >= to);
      if (under.length) {
        piece.className = "piece";
        piece.style.setProperty("--depth", free.length);
        const color = (mark) => `var(--k${mark[3] % COLORS})`;
        piece.style.background = under
          .map(([mark, layer]) => `linear-gradient(${color(mark)}, ${color(mark)}) 0 calc(100% - ${layer * 5}px) / 100% 3px no-repeat`)
          .join(", ");
        piece.title = under.map(([mark]) => hint(mark, labels)).join(", ");
      }
      target.append(piece);
    });
  };

  /** Return a text with its marks, and a button for the rest of a long one. others: marks that differing ones show. */
  const drawText = (what, string, marks, labels, others) => {
    const text = new Characters(string);
    const target = make("span", "body");
    target.dir = "auto";
    const fill = (range) => {
      target.replaceChildren();
      target.classList.remove("layered");
      if (range[0] > 0) target.append("… ");
      (overlap(marks) ? drawLayered : drawApart)(target, text, marks, labels, others, range);
      if (range[0] > 0 || range[1] < text.length) {
        const more = make("button", "more", "show all");
        more.type = "button";
        more.addEventListener("click", () => fill([0, text.length]));
        target.append(range[1] < text.length ? "… " : "", more);
      }
    };
    fill(windowOf(text.length, marks));
    return make("p", "part", what ? make("span", "what", what) : null, target);
  };

  /** The rows of one component: what is chosen of them, in which order, and the page that is shown. */
  class Browser {
    constructor(article) {
      this.id = article.id;
      this.data = JSON.parse(document.getElementById(article.dataset.rows).textContent);
      this.chosen = [];
      this.page = 0;
      this.orders = new Map();
      this.controls = {};
      this.form = make("form", "filters");
      this.form.setAttribute("aria-label", "Filter rows");
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.addControls();
      this.status = make("output");
      this.status.setAttribute("aria-live", "polite");
      this.previous = this.button("‹ Previous", -1);
      this.next = this.button("Next ›", 1);
      this.list = make("div", "rows");
      article.append(this.form, make("div", "pages", this.status, this.previous, this.next), this.list);
    }

    button(text, step) {
      const button = make("button", "", text);
      button.type = "button";
      button.addEventListener("click", () => this.show(this.page + step));
      return button;
    }

    control(name, title, element, className = "", parent = this.form) {
      element.name = name;
      this.controls[name] = element;
      let waiting;
      element.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.filter(), element.type === "search" ? WAIT : 0);
      });
      const isCheck = element.type === "checkbox";
      parent.append(make("label", isCheck ? "check" : className, isCheck ? element : title, isCheck ? title : element));
    }

    select(name, title, options) {
      const element = make("select");
      for (const [value, text] of options) {
        const option = make("option", "", text);
        option.value = value;
        element.append(option);
      }
      this.control(name, title, element);
    }

    input(name, title, type, settings = {}, className = "", parent = this.form) {
      this.control(name, title, Object.assign(make("input"), { type, ...settings }), className, parent);
    }

    addControls() {
      const { labels, errorNames, names, second, first, badness } = this.data;
      const all = [[ANY, "any"], ...labels.map((label, place) => [String(place), label])];
      this.input("wrong", "only mistakes", "checkbox", { checked: second === null });
      if (labels.length) {
        this.select("gold", "Gold", all);
        this.select("predicted", "Predicted", all);
      }
      if (errorNames.length) {
        this.select("error", "Kind of error", [[ANY, "any"], ...errorNames.map((name, place) => [String(place), name])]);
      }
      if (second !== null) {
        const [one, other] = names;
        this.select("who", "Who is right", [
          [ANY, "any"], ["10", `only ${one}`], ["01", `only ${other}`], ["11", "both"], ["00", "neither"],
        ]);
      }
      if (first.conf.some((value) => value !== null)) {
        const range = make("div", "range");
        this.form.append(range);
        this.input("least", "Confidence from", "number", { min: 0, max: 1, step: 0.05, placeholder: "0" }, "", range);
        this.input("most", "to", "number", { min: 0, max: 1, step: 0.05, placeholder: "1" }, "", range);
      }
      this.select("order", "Order", [
        ["worst", `worst first (${badness})`], ["sure", "most confident first"], ["unsure", "least confident first"],
        ["file", "as in the data"],
      ]);
      this.input("search", "Text contains", "search", { placeholder: "word or phrase" }, "search");
    }

    /** Take over what an address says, such as #model-rows?gold=positive&wrong=1. */
    take(said) {
      for (const [name, value] of new URLSearchParams(said)) {
        const control = this.controls[name];
        if (!control) continue;
        if (control.type === "checkbox") control.checked = value === "1";
        else if (control.tagName === "SELECT") {
          const option = [...control.options].find((one) => one.value === value || one.textContent === value);
          if (option) control.value = option.value;
        } else control.value = value;
      }
    }

    ordered() {
      const order = this.controls.order.value;
      if (!this.orders.has(order)) {
        const places = this.data.row.map((_, place) => place);
        const conf = this.data.first.conf;
        const known = (place, missing) => conf[place] ?? missing;
        if (order === "sure") places.sort((one, other) => known(other, -1) - known(one, -1));
        if (order === "unsure") places.sort((one, other) => known(one, 2) - known(other, 2));
        if (order === "file") places.sort((one, other) => this.data.row[one] - this.data.row[other]);
        this.orders.set(order, places);
      }
      return this.orders.get(order);
    }

    /** Return whether a row is wanted, by what the controls say. */
    wanted() {
      const { first, second, gold, errors } = this.data;
      const value = (name) => this.controls[name]?.value ?? ANY;
      const label = (name) => (value(name) === ANY ? null : Number(value(name)));
      const limit = (name, fallback) => (["", ANY].includes(value(name)) ? fallback : Number(value(name)));
      const [goldLabel, predicted, error, who] = [label("gold"), label("predicted"), label("error"), value("who")];
      const [least, most] = [limit("least", null), limit("most", null)];
      const search = this.controls.search.value.toLowerCase();
      if (search && !this.lower) this.lower = this.data.text.map((parts) => parts.join("\n").toLowerCase());
      const onlyWrong = this.controls.wrong.checked;
      return (place) => {
        if (onlyWrong && first.ok[place] === "1" && (second === null || second.ok[place] === "1")) return false;
        if (goldLabel !== null && !gold[place].includes(goldLabel)) return false;
        if (predicted !== null && !first.labels[place].includes(predicted)) return false;
        if (error !== null && !errors[place].includes(error)) return false;
        if (who !== ANY && first.ok[place] + second.ok[place] !== who) return false;
        if (least !== null && !(first.conf[place] >= least && first.conf[place] !== null)) return false;
        if (most !== null && !(first.conf[place] <= most && first.conf[place] !== null)) return false;
        return !search || this.lower[place].includes(search);
      };
    }

    filter() {
      const start = performance.now();
      this.chosen = this.ordered().filter(this.wanted());
      this.show(0);
      this.status.dataset.milliseconds = (performance.now() - start).toFixed(1);
    }

    show(page) {
      const pages = Math.ceil(this.chosen.length / PER_PAGE);
      this.page = Math.max(0, Math.min(page, pages - 1));
      const start = this.page * PER_PAGE;
      const shown = this.chosen.slice(start, start + PER_PAGE);
      const count = this.chosen.length.toLocaleString("en");
      this.status.textContent = shown.length
        ? `${(start + 1).toLocaleString("en")} to ${(start + shown.length).toLocaleString("en")} of ${count}`
        : "0 rows";
      this.status.dataset.count = this.chosen.length;
      this.previous.disabled = this.page === 0;
      this.next.disabled = this.page >= pages - 1;
      this.list.replaceChildren(...shown.map((place) => this.draw(place)));
      if (!shown.length) this.list.append(make("p", "none", "No row is like that."));
    }

    draw(place) {
      const { first, second, names, badness } = this.data;
      const row = make("div", "row");
      row.dataset.row = this.data.row[place];
      const head = make("div", "head");
      if (second === null) head.append(...this.verdict(first, place, ""));
      else head.append(...this.verdict(first, place, names[0]), ...this.verdict(second, place, names[1]));
      const gold = this.tags(this.data.gold[place], this.data.goldTexts[place], "");
      if (gold.length) head.append("gold", ...gold);
      for (const error of this.data.errors[place] ?? []) head.append(make("span", "tag no", this.data.errorNames[error]));
      const confidence = first.conf[place] === null ? "" : `confidence ${number(first.conf[place])} · `;
      head.append(make("span", "numbers", `${confidence}${badness} ${number(this.data.bad[place])} · row ${this.data.row[place] + 1}`));
      row.append(head, ...this.texts(place));
      return row;
    }

    verdict(predicted, place, name) {
      const isRight = predicted.ok[place] === "1";
      const sign = make("span", `verdict ${isRight ? "yes" : "no"}`, `${isRight ? "✓" : "✗"} ${name || (isRight ? "right" : "wrong")}`);
      return [sign, ...this.tags(predicted.labels[place], predicted.texts[place], isRight ? "yes" : "no")];
    }

    tags(labels, text, className) {
      if (text !== undefined) return [make("span", `tag ${className}`, text)];
      if (this.data.goldMarks.length) return [];
      return labels.length ? labels.map((label) => make("span", `tag ${className}`, this.data.labels[label])) : [make("span", "tag", "none")];
    }

    /** Return the text, once a set of marks: those of the gold, and of each pipeline that has others. */
    texts(place) {
      const { parts, labels, goldMarks, first, second, names } = this.data;
      const text = this.data.text[place];
      const shown = (what, marks, others) => {
        const own = (part) => marks.filter((mark) => mark[0] === part);
        return text.map((string, part) => drawText(parts[part] ?? what, string, own(part), labels, others));
      };
      if (!goldMarks.length) return shown("", [], null);
      const gold = goldMarks[place];
      if (parts.length) return this.answers(place);
      const lines = shown("gold", gold, first.marks[place]);
      const predictions = second === null ? [[first, "predicted"]] : [[first, names[0]], [second, names[1]]];
      for (const [predicted, name] of predictions) lines.push(...shown(name, predicted.marks[place], gold));
      return lines;
    }

    /** Return question and context, where what is gold and what is predicted are marked together. */
    answers(place) {
      const { parts, goldMarks, first, second, names } = this.data;
      const predictions = second === null ? [[first, "predicted"]] : [[first, names[0]], [second, names[1]]];
      const labels = ["gold", ...predictions.map(([, name]) => name)];
      const marks = goldMarks[place].slice(0, 1).map((mark) => [...mark.slice(0, 3), 0, null]);
      predictions.forEach(([predicted], index) => {
        for (const mark of predicted.marks[place]) {
          const same = marks.find((one) => [0, 1, 2].every((at) => one[at] === mark[at]));
          if (same) same[3] = labels.push(`${labels[same[3]]} = ${predictions[index][1]}`) - 1;
          else marks.push([...mark.slice(0, 3), index + 1, mark[4]]);
        }
      });
      return this.data.text[place].map((string, part) =>
        drawText(parts[part], string, marks.filter((mark) => mark[0] === part), labels, null));
    }
  }

  const readAddress = (browsers) => {
    const [id, said] = decodeURIComponent(location.hash.slice(1)).split("?");
    const browser = browsers.find((one) => one.id === id);
    if (!browser || !said) return;
    browser.take(said);
    browser.filter();
    document.getElementById(id).scrollIntoView({ behavior: "instant" });
  };

  const theme = document.querySelector(".theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  });

  const contents = document.querySelector(".contents details");
  if (matchMedia("(max-width: 60rem)").matches) contents.open = false;
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) links.get(entry.target.id)?.classList.toggle("here", entry.isIntersecting);
  }, { rootMargin: "-10% 0px -60% 0px" });
  document.querySelectorAll("article[id]").forEach((article) => seen.observe(article));

  const browsers = [...document.querySelectorAll(".browser")].map((article) => new Browser(article));
  browsers.forEach((browser) => browser.filter());
  addEventListener("hashchange", () => readAddress(browsers));
  readAddress(browsers);
  document.documentElement.dataset.ready = "1";
})();
