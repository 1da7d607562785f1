// Two pictures, one over the other, with a slider between them.

export class Viewer {
  constructor(place) {
    this.place = place;
    this.frame = document.createElement("div");
    this.frame.className = "frame";
    this.under = this.image("Before");
    this.over = this.image("After");
    this.line = document.createElement("div");
    this.line.className = "line";
    this.slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, step: 0.1, value: 50 });
    this.slider.setAttribute("aria-label", "Before and after");
    this.slider.addEventListener("input", () => this.move());
    this.zoom = Object.assign(document.createElement("button"), { type: "button", textContent: "100 %", className: "quiet" });
    this.zoom.addEventListener("click", () => this.toggle());
    this.scroll = document.createElement("div");
    this.scroll.className = "scroll";
    this.frame.append(this.under, this.over, this.line, this.slider);
    this.scroll.append(this.frame);
  }

  image(alt) {
    const image = Object.assign(document.createElement("img"), { alt, draggable: false, hidden: true });
    image.addEventListener("load", () => this.size());
    return image;
  }

  show(image, blob) {
    if (image.src) URL.revokeObjectURL(image.src);
    image.hidden = !blob;
    if (blob) image.src = URL.createObjectURL(blob);
    else image.removeAttribute("src");
    if (!this.scroll.isConnected) this.place.replaceChildren(this.scroll, this.zoom);
    this.move();
  }

  // size: {width, height} of the picture itself; what is shown may be smaller
  before(blob, size) {
    this.natural = size;
    this.show(this.under, blob);
    this.show(this.over, null);
  }

  after(blob, size) {
    if (blob) this.result = size;
    this.show(this.over, blob);
  }

  size() {
    const shown = this.over.hidden ? this.natural : this.result;
    if (!shown) return;
    const real = this.place.classList.contains("real");
    this.frame.style.aspectRatio = `${shown.width} / ${shown.height}`;
    this.frame.style.width = real ? `${shown.width / devicePixelRatio}px` : `min(100%, ${72 * shown.width / shown.height}vh)`;
    this.zoom.textContent = real ? "Fit" : "100 %";
  }

  toggle() {
    this.place.classList.toggle("real");
    this.size();
  }

  move() {
    const at = this.over.hidden ? 100 : Number(this.slider.value);
    this.over.style.clipPath = `inset(0 0 0 ${at}%)`;
    this.line.style.left = `${at}%`;
    this.line.hidden = this.slider.hidden = this.over.hidden;
  }
}
