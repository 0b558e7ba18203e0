// Light or dark: as the system wants it, until the visitor chooses otherwise.

const STORAGE_KEY = "game-of-life.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** Connects the button; `onChange()` is called when colours have changed. */
export function setUpTheme(button, onChange) {
  let chosen = stored();

  const apply = () => {
    const effective = chosen ?? (system.matches ? "dark" : "light");
    const root = document.documentElement;
    if (chosen === null) delete root.dataset.theme;
    else root.dataset.theme = chosen;
    root.dataset.effective = effective;
    const other = effective === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `Use the ${other} theme`);
    button.title = `Use the ${other} theme`;
    onChange();
  };

  button.addEventListener("click", () => {
    const wanted = document.documentElement.dataset.effective === "dark" ? "light" : "dark";
    // Choosing what the system wants anyway means to follow it again.
    chosen = wanted === (system.matches ? "dark" : "light") ? null : wanted;
    store(chosen);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

// Storage may be forbidden; the choice then lasts as long as the page.
function stored() {
  try {
    const value = localStorage.getItem(STORAGE_KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

function store(value) {
  try {
    if (value === null) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, value);
  } catch {
    // See above.
  }
}
