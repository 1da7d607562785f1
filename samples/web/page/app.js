// The page: uploads, runs, progress, results. The fields come from dialog.js, the picture from viewer.js.
import { Dialog } from "/dialog.js";
import { Viewer } from "/viewer.js";

const byId = (id) => document.getElementById(id);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const endings = { png: ".png", jpeg: ".jpg", tiff: ".tif", webp: ".webp", jxl: ".jxl" };

// What stands behind the # in the address is the server's secret: other pages and programs do not know it.
const token = location.hash.slice(1) || sessionStorage.getItem("token") || "";
sessionStorage.setItem("token", token);
window.addEventListener("hashchange", () => location.reload());

class Problem extends Error {
  constructor(error) {
    super(error.message);
    this.subject = error.subject ?? "";
    this.hint = error.hint ?? "";
  }
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...options.headers, "X-Mirra-Token": token } });
  } catch {
    throw new Problem({ message: "the server does not answer", hint: "Start mirra-web again, and open its new address." });
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Problem(answer.error ?? { message: `the server answered ${response.status}` });
}

const callJson = async (path, options) => (await call(path, options)).json();

class App {
  constructor(schema) {
    this.schema = schema;
    this.viewer = new Viewer(byId("viewer"));
    this.dialog = new Dialog(byId, (file, kind, part) => this.upload(file, kind, part));
    this.job = null;
    this.result = null;
    this.fill();
    this.listen();
  }

  fill() {
    for (const task of this.schema.tasks) byId("task").append(new Option(task.label, task.name));
    for (const format of this.schema.formats) byId("format").append(new Option(format.toUpperCase(), format));
    const wanted = sessionStorage.getItem("task");
    byId("task").value = this.schema.tasks.some((task) => task.name === wanted) ? wanted : "denoise";
    if (byId("task").selectedIndex < 0) byId("task").selectedIndex = 0;
    this.choose();
    this.showFormat();
  }

  choose() {
    this.task = this.schema.tasks.find((task) => task.name === byId("task").value);
    sessionStorage.setItem("task", this.task.name);
    byId("task-doc").textContent = this.task.doc;
    this.dialog.show(this.task, this.schema.quality);
    this.showResult(null);
  }

  listen() {
    byId("task").addEventListener("change", () => this.choose());
    byId("reset").addEventListener("click", () => this.dialog.reset());
    byId("dialog").addEventListener("submit", (event) => {
      event.preventDefault();
      this.attempt(() => this.run());
    });
    byId("cancel").addEventListener("click", () => this.attempt(() => this.cancel()));
    document.addEventListener("problem", (event) => this.complain(event.detail));
    byId("format").addEventListener("change", () => this.showFormat());
    byId("download").addEventListener("click", () => this.attempt(() => this.download()));
    byId("reuse").addEventListener("click", () => this.attempt(() => this.reuse()));
    for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
    window.addEventListener("drop", (event) => this.take(event.dataTransfer.files));
    window.addEventListener("paste", (event) => this.take(event.clipboardData.files));
  }

  take(files) {
    if (files.length > 0) this.attempt(() => this.dialog.give(files[0]));
  }

  async attempt(what) {
    byId("problem").hidden = true;
    try {
      await what();
    } catch (problem) {
      this.complain(problem);
    }
  }

  complain(problem) {
    const box = byId("problem");
    const line = (className, text) => {
      const element = document.createElement("p");
      element.className = className;
      element.textContent = text;
      return element;
    };
    box.replaceChildren(line("message", problem.subject ? `${problem.subject}: ${problem.message}` : problem.message));
    if (problem.hint) box.append(line("hint", problem.hint));
    box.hidden = false;
  }

  // Gives what the server says of the file. `part`: of the dialog, which holds it.
  async upload(file, kind, part) {
    const limit = this.schema.limits.upload_bytes;
    if (file.size > limit)
      throw new Problem({ message: `the file has ${Math.ceil(file.size / 1048576)} MB, and ${limit / 1048576} MB are taken`,
                          hint: "Start mirra-web with a larger --max-upload-megabytes.", subject: file.name });
    const ending = /\.([A-Za-z0-9]{1,8})$/.exec(file.name)?.[1] ?? "bin";
    const told = await callJson(`/api/files?kind=${kind}&ending=${ending}`, {
      method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
    if (part === "main") {
      this.name = file.name;
      await this.showPhoto(told);
    }
    return told;
  }

  async showPhoto(told) {
    this.photo = told;
    this.showResult(null);
    this.viewer.before(await this.picture(`/api/files/${told.file}/view`), told);
    this.showNotes(told.notes ?? []);
  }

  async picture(path) {
    return (await call(path)).blob();
  }

  showNotes(notes) {
    byId("notes").replaceChildren(...notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
  }

  async run() {
    if (this.job) return;
    const request = this.dialog.request();
    this.showResult(null);
    this.viewer.after(null);
    this.working(true);
    try {
      const { job } = await callJson("/api/jobs", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) });
      this.job = job;
      const last = await this.follow(job);
      if (last.state === "failed") throw new Problem(last.error);
      if (last.state === "cancelled") byId("stage").textContent = "Cancelled";
      if (last.state === "done") await this.finish(last.result);
    } finally {
      this.job = null;
      this.working(false);
    }
  }

  async follow(job) {
    let seen = 0;
    for (;;) {
      const now = await callJson(`/api/jobs/${job}`);
      this.showProgress(now);
      if (!["queued", "running"].includes(now.state)) return now;
      if (now.preview > seen) {
        seen = now.preview;
        this.viewer.after(await this.picture(`/api/jobs/${job}/preview`), this.photo);
      }
      await wait(150);
    }
  }

  async finish(result) {
    byId("stage").textContent = `Done in ${result.seconds.toFixed(1)} s on ${result.device}, ${result.precision}`;
    this.showResult(result);
    if (result.outputs.length > 0) await this.showOutput(result.outputs[0]);
  }

  async cancel() {
    if (!this.job) return;
    byId("cancel").disabled = true;
    byId("stage").textContent = "Cancelling";
    await callJson(`/api/jobs/${this.job}`, { method: "DELETE" });
  }

  working(on) {
    byId("run").disabled = on;
    byId("cancel").disabled = !on;
    byId("task").disabled = on;
    byId("status").hidden = false;
    byId("progress").hidden = !on;
    document.title = on ? "Running - Mirra" : "Mirra";
  }

  showProgress(now) {
    byId("progress").value = now.fraction;
    const parts = [now.state === "queued" ? "Waiting for other jobs" : `${Math.round(100 * now.fraction)} % ${now.stage}`];
    if (now.tile_count > 1) parts.push(`tile ${Math.min(now.tile + 1, now.tile_count)} of ${now.tile_count}`);
    if (byId("stage").textContent !== "Cancelling" || !["queued", "running"].includes(now.state))
      byId("stage").textContent = parts.join(", ");
  }

  showResult(result) {
    this.result = result;
    this.output = null;
    byId("results").hidden = !result;
    byId("outputs").replaceChildren();
    byId("values").replaceChildren();
    if (!result) return;
    for (const { label, value, unit } of result.values) {
      const text = typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
      const term = Object.assign(document.createElement("dt"), { textContent: label.replaceAll("_", " ") });
      const told = Object.assign(document.createElement("dd"), { textContent: unit ? `${text} (${unit})` : text });
      byId("values").append(term, told);
    }
    if (result.outputs.length < 2) return;
    for (const output of result.outputs) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: output.label });
      button.addEventListener("click", () => this.attempt(() => this.showOutput(output)));
      byId("outputs").append(button);
    }
  }

  async showOutput(output) {
    this.output = output;
    byId("download-row").classList.toggle("tensors", output.kind === "tensors");
    if (output.kind === "picture") this.viewer.after(await this.picture(`/api/files/${output.file}/view`), output);
  }

  showFormat() {
    const format = byId("format").value;
    byId("quality-label").hidden = !["jpeg", "webp", "jxl"].includes(format);
    byId("depth-label").hidden = !["png", "tiff", "jxl"].includes(format);
  }

  async download() {
    const tensors = this.output.kind === "tensors";
    const format = byId("format").value;
    const query = tensors ? "" : `?format=${format}` +
      (byId("quality-label").hidden ? "" : `&quality=${byId("jpeg-quality").value}`) +
      (byId("depth-label").hidden ? "" : `&depth=${byId("depth").value}`);
    const blob = await (await call(`/api/files/${this.output.file}${query}`)).blob();
    const stem = (this.name ?? "picture").replace(/\.[^.]*$/, "");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${stem}-${this.task.name.replace(/^.*:/, "")}${tensors ? ".safetensors" : endings[format]}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async reuse() {
    if (this.output.kind !== "picture") return;
    const told = { file: this.output.file, width: this.output.width, height: this.output.height };
    this.dialog.hold(told, this.output.label);
    await this.showPhoto(told);
  }
}

callJson("/api/schema").then((schema) => new App(schema)).catch((problem) => {
  byId("dialog").hidden = true;
  App.prototype.complain(problem);
});
