// The fields of a task, made of its schema alone: a task of a plugin needs no line here.

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function labelled(entry, ...fields) {
  const title = entry.unit ? `${entry.label} (${entry.unit})` : entry.label;
  const label = make("div", { className: "field" }, make("span", { className: "name", textContent: title }), ...fields);
  if (entry.doc) label.append(make("details", { className: "doc" }, make("summary", { textContent: "?", title: entry.doc }),
                                   make("p", { textContent: entry.doc })));
  label.dataset.name = entry.name;
  return label;
}

// Each field has `element`, `value()` (undefined: as the task has it) and `reset()`.

class NumberField {
  constructor(param) {
    this.param = param;
    const whole = param.type === "int";
    const soft = param.soft_maximum - param.soft_minimum;
    const step = param.step || (whole ? 1 : soft > 0 ? 10 ** Math.round(Math.log10(soft / 100)) : 0.01);
    this.slider = make("input", { type: "range", min: param.soft_minimum, max: param.soft_maximum, step });
    this.number = make("input", { type: "number", min: param.minimum, max: param.maximum, step: whole ? 1 : "any" });
    for (const input of [this.slider, this.number]) input.setAttribute("aria-label", param.label);
    this.slider.addEventListener("input", () => { this.number.value = this.slider.value; });
    this.number.addEventListener("input", () => { this.slider.value = this.number.value; });
    this.words = null;
    if (param.choices?.length) {
      this.words = make("select", {}, ...param.choices.map((choice) => new Option(choice.label, choice.value)), new Option("Value", ""));
      this.words.setAttribute("aria-label", `${param.label}: how`);
      this.words.addEventListener("change", () => this.showWord());
    }
    this.element = labelled(param, ...(this.words ? [this.words] : []), this.slider, this.number);
    this.reset();
  }
  reset() {
    const word = typeof this.param.default === "string";
    if (this.words) this.words.value = word ? this.param.default : "";
    this.number.value = word ? this.param.soft_minimum + (this.param.soft_maximum - this.param.soft_minimum) / 4 : this.param.default;
    if (this.param.type === "int") this.number.value = Math.round(this.number.value);
    this.slider.value = this.number.value;
    this.showWord();
  }
  showWord() {
    const word = Boolean(this.words?.value);
    this.slider.disabled = this.number.disabled = word;
    this.element.classList.toggle("word", word);
  }
  value() {
    const value = this.words?.value || Number(this.number.value);
    return value === this.param.default || (!this.words?.value && this.number.value === "") ? undefined : value;
  }
  shown() { return this.words?.value || this.number.value; }
}

class ChoiceField {
  constructor(param) {
    this.param = param;
    this.select = make("select", {}, ...param.choices.map((choice) => new Option(choice.label, choice.value)));
    this.select.setAttribute("aria-label", param.label);
    this.element = labelled(param, this.select);
    this.reset();
  }
  reset() { this.select.value = this.param.default; }
  value() { return this.select.value === this.param.default ? undefined : this.select.value; }
  shown() { return this.select.value; }
}

class SwitchField {
  constructor(param) {
    this.param = param;
    const words = param.choices?.length ? param.choices : null;
    this.input = words
      ? make("select", {}, ...words.map((choice) => new Option(choice.label, choice.value)), new Option("On", "true"), new Option("Off", "false"))
      : make("input", { type: "checkbox" });
    this.input.setAttribute("aria-label", param.label);
    this.element = labelled(param, this.input);
    this.reset();
  }
  reset() {
    if (this.input.type === "checkbox") this.input.checked = this.param.default === true;
    else this.input.value = String(this.param.default);
  }
  now() {
    if (this.input.type === "checkbox") return this.input.checked;
    return { true: true, false: false }[this.input.value] ?? this.input.value;
  }
  value() { return this.now() === this.param.default ? undefined : this.now(); }
  shown() { return String(this.now()); }
}

class TextField {
  constructor(param) {
    this.param = param;
    this.input = make("input", { type: "text", spellcheck: false });
    this.input.setAttribute("aria-label", param.label);
    this.element = labelled(param, this.input);
    this.reset();
  }
  reset() { this.input.value = this.param.default ?? ""; }
  value() { return this.input.value === (this.param.default ?? "") ? undefined : this.input.value; }
  shown() { return this.input.value; }
}

// "#rrggbb" with a slider for what "#rrggbbaa" has behind it.
class ColorField {
  constructor(param) {
    this.param = param;
    this.color = make("input", { type: "color" });
    this.alpha = make("input", { type: "range", min: 0, max: 255, step: 1, title: "Opacity" });
    this.color.setAttribute("aria-label", param.label);
    this.alpha.setAttribute("aria-label", `${param.label}: opacity`);
    this.element = labelled(param, this.color, this.alpha);
    this.reset();
  }
  reset() {
    const text = this.param.default || "#000000";
    this.color.value = text.slice(0, 7);
    this.alpha.value = text.length > 7 ? parseInt(text.slice(7), 16) : 255;
  }
  value() { return this.shown() === (this.param.default || "#000000").toLowerCase() ? undefined : this.shown(); }
  shown() {
    const alpha = Number(this.alpha.value);
    const long = alpha < 255 || this.param.default?.length > 7;
    return this.color.value + (long ? alpha.toString(16).padStart(2, "0") : "");
  }
}

// A file that is sent to the server: a path of the server is never typed.
class FileField {
  constructor(entry, kind, part, upload, changed) {
    this.entry = entry;
    this.kind = kind;
    this.part = part;
    this.upload = upload;
    this.changed = changed;
    const accept = { picture: "image/png,image/jpeg,image/tiff,image/webp,image/jxl,.jxl", tensors: ".safetensors", bundle: ".mirra", file: "" }[kind];
    this.input = make("input", { type: "file", accept });
    this.input.setAttribute("aria-label", entry.label);
    this.note = make("span", { className: "note" });
    this.clear = make("button", { type: "button", textContent: "Remove", className: "quiet" });
    const zone = make("label", { className: "drop" }, make("span", { textContent: "Drop or choose" }), this.input, this.note);
    zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer.files.length > 0) {
        event.stopPropagation();
        this.take(event.dataTransfer.files[0]);
      }
    });
    this.input.addEventListener("change", () => { if (this.input.files.length > 0) this.take(this.input.files[0]); });
    this.clear.addEventListener("click", () => this.drop());
    this.element = labelled(entry, zone, this.clear);
    this.reset();
  }
  async take(file) {
    this.note.textContent = "Sending...";
    try {
      this.hold(await this.upload(file, this.kind, this.part), file.name);
    } catch (problem) {
      this.reset();
      this.note.textContent = problem.message;
      document.dispatchEvent(new CustomEvent("problem", { detail: problem }));
    }
  }
  hold(told, name) {
    this.told = told;
    const size = told.width ? ` (${told.width} x ${told.height})` : "";
    this.note.textContent = name + size;
    this.clear.hidden = false;
    this.changed();
  }
  drop() {
    this.reset();
    this.element.dispatchEvent(new CustomEvent("dropped", { bubbles: true, detail: this.part }));
  }
  reset() {
    this.told = null;
    this.input.value = "";
    this.note.textContent = "";
    this.clear.hidden = true;
    this.changed();
  }
  value() { return this.told ? { file: this.told.file } : undefined; }
  shown() { return this.told ? this.note.textContent : ""; }
}

function fieldFor(param, upload, changed) {
  if (param.type === "float" || param.type === "int") return new NumberField(param);
  if (param.type === "enum") return new ChoiceField(param);
  if (param.type === "bool") return new SwitchField(param);
  if (param.type === "color") return new ColorField(param);
  if (param.type === "file") return new FileField(param, "file", "param", upload, changed);
  return new TextField(param);
}

export class Dialog {
  constructor(byId, upload) {
    this.byId = byId;
    this.held = null; // the main photo, which stays when the task changes
    this.upload = async (file, kind, part) => {
      const told = await upload(file, kind, part);
      if (part === "main") this.held = [told, file.name];
      return told;
    };
    byId("dialog").addEventListener("input", () => this.update());
    byId("dialog").addEventListener("change", () => this.update());
    byId("dialog").addEventListener("dropped", (event) => { if (event.detail === "main") this.held = null; });
  }

  show(task, quality) {
    this.task = task;
    this.inputs = new Map();
    this.params = new Map();
    this.asked = new Map();
    const parts = { inputs: [], params: [], advanced: [] };
    for (const port of task.ports) this.addPort(port, parts);
    let group = "";
    for (const param of task.params) {
      const field = fieldFor(param, this.upload, () => this.update());
      this.params.set(param.name, field);
      const list = param.advanced || param.deprecated ? parts.advanced : parts.params;
      if (param.group && param.group !== group) list.push(make("h3", { textContent: param.group }));
      group = param.group;
      list.push(field.element);
    }
    this.byId("inputs").replaceChildren(...parts.inputs);
    this.byId("params").replaceChildren(...parts.params);
    this.byId("advanced-fields").replaceChildren(...parts.advanced);
    this.byId("advanced").hidden = parts.advanced.length === 0;
    this.showNetworks(quality);
    if (this.held && this.main) this.main.hold(...this.held);
    this.update();
  }

  addPort(port, parts) {
    if (port.direction === "output") {
      if (!port.optional || port.type === "image") return;
      const box = make("input", { type: "checkbox" });
      box.setAttribute("aria-label", port.label);
      this.asked.set(port.name, box);
      parts.advanced.push(labelled({ ...port, label: `Result: ${port.label}` }, box));
      return;
    }
    const first = port.type === "image" && ![...this.inputs.values()].some((field) => field.part === "main");
    const changed = () => this.update();
    const field = port.type === "image" ? new FileField(port, "picture", first ? "main" : "further", this.upload, changed)
      : port.type === "tensor" ? new FileField(port, "tensors", "further", this.upload, changed)
      : fieldFor({ choices: [], default: "", soft_minimum: 0, soft_maximum: 1, ...port }, this.upload, changed);
    this.inputs.set(port.name, field);
    if (first) {
      this.main = field;
      field.element.classList.add("main");
    }
    (port.type === "tensor" && port.optional ? parts.advanced : parts.inputs).push(field.element);
  }

  showNetworks(quality) {
    const choices = [new Option("Default", "")];
    for (const word of this.task.qualities) choices.push(new Option(word[0].toUpperCase() + word.slice(1), `quality:${word}`));
    for (const bundle of this.task.bundles) choices.push(new Option(bundle, `bundle:${bundle}`));
    const own = new FileField({ name: "bundle", label: "Network file", doc: "" }, "bundle", "bundle", this.upload, () => this.update());
    choices.push(new Option("A file of yours", "file:"));
    this.network = make("select", {}, ...choices);
    this.network.setAttribute("aria-label", "Network");
    if (this.task.qualities.includes(quality)) this.network.value = `quality:${quality}`;
    this.ownNetwork = own;
    const none = this.task.no_network && !this.task.default_bundle;
    this.byId("network").replaceChildren(...(none ? [] : [labelled({ name: "network", label: "Network", doc: "" }, this.network), own.element]));
  }

  // Shows what belongs to what is set.
  update() {
    if (!this.network) return;
    this.ownNetwork.element.hidden = this.network.value !== "file:";
    const filled = (series, place) => [...this.inputs.values()].some((field) =>
      field.told && field.entry.series === series && field.entry.series_place === place);
    for (const field of this.inputs.values()) {
      const { series, series_place: place } = field.entry ?? {};
      if (series) field.element.hidden = place > 1 && !field.told && !filled(series, place) && !filled(series, place - 1);
    }
    for (const field of this.params.values()) {
      const { series, series_place: place, visible_if: condition } = field.param ?? field.entry;
      field.element.hidden = Boolean((series && !filled(series, place)) || (condition && !this.holds(condition)));
    }
  }

  holds(condition) {
    const [name, values] = condition.split("=", 2);
    return values.split("|").includes(String(this.params.get(name)?.shown()));
  }

  reset() {
    for (const field of this.params.values()) field.reset();
    for (const box of this.asked.values()) box.checked = false;
    this.update();
  }

  give(file) { return this.main?.take(file); }

  hold(told, name) {
    this.held = [told, name];
    this.main?.hold(told, name);
  }

  // What the server is asked for. Parameters that stand at their default are left to the network.
  request() {
    const request = { task: this.task.name, inputs: {}, params: {}, outputs: [] };
    for (const [name, field] of this.inputs) {
      const value = field.value();
      if (value !== undefined) request.inputs[name] = value.file ?? value;
    }
    for (const [name, field] of this.params) {
      const value = field.value();
      if (value !== undefined && !field.element.hidden) request.params[name] = value;
    }
    for (const [name, box] of this.asked) if (box.checked) request.outputs.push(name);
    const [kind, word] = this.network.value.split(/:(.*)/s);
    if (kind === "quality") request.quality = word;
    if (kind === "bundle") request.bundle = word;
    if (kind === "file" && this.ownNetwork.told) request.bundle = { file: this.ownNetwork.told.file };
    return request;
  }
}
