// Light and dark; and the start.

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const night = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (night.matches ? "dark" : "light")) === "dark";

const showTheme = () => byId("theme").setAttribute("aria-pressed", String(isDark()));

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  showTheme();
}
night.addEventListener("change", showTheme);
showTheme();

[...byId("foldings").children].forEach((choice, k) => choice.addEventListener("click", () => foldTo(k)));
byId("foldings").hidden = states.length === 1;
if (model.live) wake();
foldTo(model.opening ?? legible());
if (live) readLink();
new ResizeObserver(() => (steered ? look(goal) : follow())).observe(stage);
