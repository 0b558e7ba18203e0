// The grid as text: to read it, to copy it, to set it.

import { cellsToText, textToDigits } from "./protocol.js";

const number = new Intl.NumberFormat("en");

export class TextDialog {
  #parts;
  #colony;
  #set;
  #toast;

  /** `parts` are the dialog's elements; `set(digits)` sends a grid and returns whether it could. */
  constructor({ parts, colony, set, toast }) {
    this.#parts = parts;
    this.#colony = colony;
    this.#set = set;
    this.#toast = toast;
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    parts.text.addEventListener("input", () => this.#check());
    parts.cancel.addEventListener("click", () => parts.dialog.close());
    parts.copy.addEventListener("click", () => this.#copyText(parts.text.value));
  }

  open() {
    this.#parts.text.value = cellsToText(this.#colony.cells, this.#colony.columns);
    this.#check();
    this.#parts.dialog.showModal();
    this.#parts.text.focus();
    this.#parts.text.setSelectionRange(0, this.#parts.text.value.length);
    this.#parts.text.scrollTop = 0;
  }

  /** Copies the grid; where the browser forbids it, the text is shown so that it can be copied by hand. */
  async copyGrid() {
    const { cells, columns } = this.#colony;
    if (!(await this.#write(cellsToText(cells, columns)))) this.open();
  }

  async #copyText(text) {
    if (await this.#write(text)) {
      this.#parts.count.textContent = "Copied.";
      return;
    }
    this.#parts.text.select();
    this.#parts.count.textContent = "The browser does not allow it from here; the text is selected, copy it by hand.";
  }

  async #write(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No permission, or no clipboard at all on a page that was not loaded securely.
      return false;
    }
    this.#toast.info("The grid is on the clipboard.");
    return true;
  }

  #submit() {
    const { rows, columns } = this.#colony;
    const { digits, error } = textToDigits(this.#parts.text.value, rows, columns);
    if (error !== undefined) {
      this.#complain(error);
    } else if (this.#set(digits)) {
      this.#parts.dialog.close();
    } else {
      this.#complain("The server is away. The text stays here until it is back.");
    }
  }

  #complain(error) {
    this.#parts.error.textContent = error;
    this.#parts.text.setAttribute("aria-invalid", "true");
    this.#parts.text.focus();
  }

  #check() {
    const { rows, columns } = this.#colony;
    const cells = this.#parts.text.value.replace(/\s+/g, "").length;
    this.#parts.count.textContent = `${number.format(cells)} of ${number.format(rows * columns)} cells`;
    this.#parts.error.textContent = "";
    this.#parts.text.removeAttribute("aria-invalid");
  }
}
