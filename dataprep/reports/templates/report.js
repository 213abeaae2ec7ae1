"use strict";
(() => {
  const PAGE_ROWS = matchMedia("(max-width: 40rem)").matches ? 10 : 25;
  const data = JSON.parse(document.getElementById("ledger-data").textContent);
  const events = data.rows.map((row) => Object.fromEntries(data.columns.map((name, i) => [name, row[i]])));
  const FILTERS = ["stage", "action", "rule", "source", "split"];
  const form = document.getElementById("ledger-form");
  const table = document.getElementById("ledger-table");
  const status = document.getElementById("ledger-status");
  const state = { text: "", sort: null, isDescending: false, page: 0 };

  const make = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined && text !== null) made.textContent = text;
    return made;
  };

  const KINDS = { "-": "del", "+": "ins", "…": "span" };
  const marked = (runs) => runs.map(([kind, text]) =>
    KINDS[kind] ? make(KINDS[kind], kind === "…" ? "gap" : "", text) : document.createTextNode(text));

  const textOf = (event) => {
    event.text ??= [event.row_id, event.source_key, event.rule, event.column, event.note, event.into, event.question, event.passage,
      event.query_id, event.passage_id, ...event.runs.map((run) => run[1])].join("\n").toLowerCase();
    return event.text;
  };

  const chosen = () => Object.fromEntries(FILTERS.map((name) => [name, form.elements[name].value]).filter(([, value]) => value));

  const matching = () => {
    const wanted = Object.entries(chosen());
    const words = state.text.toLowerCase();
    const found = events.filter((event) => wanted.every(([name, value]) => event[name] === value) && (!words || textOf(event).includes(words)));
    if (!state.sort) return found;
    const sign = state.isDescending ? -1 : 1;
    const collator = new Intl.Collator("pl", { numeric: true });
    return found.sort((a, b) => {
      const [x, y] = [a[state.sort], b[state.sort]];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === "number" ? x - y : collator.compare(x, y));
    });
  };

  const filterButton = (name, value) => {
    const button = make("button", "filter", value);
    button.type = "button";
    button.title = `only ${name} ${value}`;
    button.addEventListener("click", () => choose({ ...chosen(), [name]: value }));
    return button;
  };

  const identifier = (id) => {
    const made = make("div", "id");
    const end = id.lastIndexOf(":") + 1;
    made.append(id.slice(0, end), make("wbr"), id.slice(end));
    return made;
  };

  const cell = (label, ...content) => {
    const made = make("td");
    made.dataset.label = label;
    made.append(...content.filter((part) => part !== null && part !== ""));
    return made;
  };

  const rowOf = (event) => {
    const row = make("tr");
    const what = make("td", "what");
    if (event.runs.length) { const line = make("div"); line.append(...marked(event.runs)); what.append(line); }
    if (event.note) what.append(make("div", "about", event.note));
    if (event.into) what.append(make("div", "about", `into ${event.into}`));
    for (const name of ["question", "passage"]) {
      if (event[name] && !(event.column === name && event.runs.length)) what.append(make("div", "about", `${name}: ${event[name]}`));
    }
    row.append(
      cell("", event.source_key, identifier(event.row_id)),
      cell("stage", filterButton("stage", event.stage)),
      cell("action", filterButton("action", event.action)),
      cell("rule", event.rule === null ? "" : filterButton("rule", event.rule), event.column ? make("div", "muted small", event.column) : ""),
      what,
      event.score === null ? make("td") : cell("score", String(Number(event.score.toPrecision(4)))),
      event.split === null ? make("td") : cell("split", filterButton("split", event.split)),
    );
    return row;
  };

  const inLedger = () => {
    const wanted = Object.entries(chosen());
    if (state.text || wanted.some(([name]) => name === "split")) return null;
    return data.groups.filter((group) => wanted.every(([name, value]) => group[name] === value)).reduce((sum, group) => sum + group.n, 0);
  };

  const show = () => {
    const found = matching();
    const nPages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
    state.page = Math.min(state.page, nPages - 1);
    const start = state.page * PAGE_ROWS;
    const shown = found.slice(start, start + PAGE_ROWS);
    table.tBodies[0].replaceChildren(...shown.map(rowOf));
    const all = inLedger();
    const n = (count) => count.toLocaleString("en");
    status.textContent = found.length
      ? `${n(start + 1)}–${n(start + shown.length)} of ${n(found.length)} events here` + (all === null ? "" : `, ${n(all)} in the whole ledger`)
      : "No event here matches. The ledger itself may hold more: dataprep explain --find TEXT searches all rows.";
    document.getElementById("ledger-previous").disabled = state.page === 0;
    document.getElementById("ledger-next").disabled = state.page >= nPages - 1;
    for (const head of table.tHead.rows[0].cells) {
      if (head.dataset.sort) head.setAttribute("aria-sort", head.dataset.sort !== state.sort ? "none" : state.isDescending ? "descending" : "ascending");
    }
  };

  const address = (filters) => {
    const query = new URLSearchParams({ ...filters, ...(state.text ? { q: state.text } : {}) }).toString();
    return query ? `#ledger?${query}` : "#ledger";
  };

  const choose = (filters) => {
    for (const name of FILTERS) form.elements[name].value = filters[name] ?? "";
    state.page = 0;
    history.replaceState(null, "", address(filters));
    show();
  };

  const follow = () => {
    if (!location.hash.startsWith("#ledger?")) return;
    const asked = new URLSearchParams(location.hash.slice("#ledger?".length));
    state.text = asked.get("q") ?? "";
    form.elements.q.value = state.text;
    for (const name of FILTERS) form.elements[name].value = asked.get(name) ?? "";
    state.page = 0;
    show();
    const heading = document.getElementById("ledger-heading");
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  };

  for (const name of FILTERS) {
    const values = [...new Set(events.map((event) => event[name]).filter((value) => value !== null))].sort();
    form.elements[name].append(...values.map((value) => new Option(value, value)));
    form.elements[name].addEventListener("change", () => choose(chosen()));
  }
  form.elements.q.addEventListener("input", () => { state.text = form.elements.q.value.trim(); choose(chosen()); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { state.text = ""; setTimeout(() => choose({})); });
  table.tHead.addEventListener("click", (event) => {
    const column = event.target.closest("th[data-sort]")?.dataset.sort;
    if (!column) return;
    state.isDescending = state.sort === column ? !state.isDescending : column === "score";
    state.sort = column;
    state.page = 0;
    show();
  });
  for (const [id, step] of [["ledger-previous", -1], ["ledger-next", 1]]) {
    document.getElementById(id).addEventListener("click", () => { state.page += step; show(); });
  }
  addEventListener("hashchange", follow);
  show();
  follow();
})();
