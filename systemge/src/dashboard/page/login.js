// The login, where there is one.

import { send } from "./api.js";
import { h } from "./dom.js";

export function loginPage(entered) {
  const error = h("p", { class: "form-error", role: "alert" });
  const token = h("input", { id: "token", name: "token", type: "password", autocomplete: "current-password", required: true, spellcheck: "false" });
  const button = h("button", { class: "button primary" }, "Log in");
  const form = h(
    "form",
    { class: "card login" },
    h("h1", {}, "Log in"),
    h("p", { class: "soft" }, "The token stands in the program's configuration, or was printed to its standard error when it started."),
    h("div", { class: "field" }, h("label", { for: "token" }, "Token"), token, error),
    button,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.textContent = "";
    try {
      entered(await send("/api/session", { token: token.value.trim() }));
    } catch (failure) {
      error.textContent = failure.status === 401 ? "This is not the token." : failure.message;
      button.disabled = false;
      token.select();
    }
  });
  return { element: form, title: "Log in", ready: () => token.focus() };
}
