// Before anything is painted: the theme that was chosen, if one was.
(() => {
  const KEY = "systemge-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const set = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  set(read());
  globalThis.systemgeTheme = () => {
    const dark = (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const next = dark ? "light" : "dark";
    // what the system wants anyway needs no choice
    const chosen = (next === "dark") === system.matches ? null : next;
    set(chosen);
    try {
      if (chosen === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, chosen);
    } catch {
      // without storage, the choice lasts as long as the page
    }
  };
})();
