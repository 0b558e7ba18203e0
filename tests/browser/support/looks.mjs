// How a page looks, computed within it.

/** Runs in the page: says what overlaps, is cut off, is too small to hit, or makes the page scroll sideways. */
export function layoutFaults(minTarget) {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
  const scope = document.querySelector("dialog[open]") ?? document.body;
  const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const name = (element) => element.id || element.textContent.trim();
  const boxes = [...scope.querySelectorAll("button, input, textarea, canvas, output, label, h1, h2, dt, dd, p, #toast")]
    .filter((element) => shown(element) && !element.closest(".visually-hidden") && (scope !== document.body || !element.closest("dialog")))
    .map((element) => ({ element, box: element.getBoundingClientRect() }));
  for (const { element, box } of boxes) {
    if (box.left < 0 || box.right > root.clientWidth + 0.5) faults.push(`${name(element)} leaves the page`);
    if (element.matches("button, input, textarea, canvas") && Math.min(box.width, box.height) < minTarget) faults.push(`${name(element)} is too small`);
    if (element.matches("button, dt, dd, output, h1, h2") && element.scrollWidth > element.clientWidth + 1) faults.push(`${name(element)} is cut off`);
  }
  const onGrid = (element) => element.id === "grid" || element.closest("#toast") !== null;
  boxes.forEach(({ element, box }, index) => {
    for (const { element: other, box: otherBox } of boxes.slice(index + 1)) {
      if (element.contains(other) || other.contains(element)) continue;
      // A message lies on the grid on purpose, and on nothing else.
      if (onGrid(element) && onGrid(other)) continue;
      const width = Math.min(box.right, otherBox.right) - Math.max(box.left, otherBox.left);
      const height = Math.min(box.bottom, otherBox.bottom) - Math.max(box.top, otherBox.top);
      if (width > 0.5 && height > 0.5) faults.push(`${name(element)} overlaps ${name(other)}`);
    }
  });
  return faults;
}

/** Runs in the page: computes the contrast of every visible text by the formula of WCAG 2.2. */
export function contrastFaults() {
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const scope = document.querySelector("dialog[open]") ?? document.body;
  const faint = [];
  let looked = 0;
  for (const element of scope.querySelectorAll("*")) {
    const owns = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
    if ((!owns && element.localName !== "textarea") || !element.checkVisibility() || element.closest(".visually-hidden, script, noscript")) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(rgba(style.color)), luminance(ground(element))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    looked += 1;
    if (contrast < (large ? 3 : 4.5)) faint.push(`${element.textContent.trim()}: ${contrast.toFixed(2)}`);
  }
  return { faint, looked };
}
