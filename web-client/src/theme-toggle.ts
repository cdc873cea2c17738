// The button that turns the dark theme on and off, and keeps the choice.

export function startThemeToggles(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset["theme"] ?? (system.matches ? "dark" : "light")) === "dark";
  const buttons = document.querySelectorAll<HTMLButtonElement>("[data-theme-toggle]");

  const show = () => buttons.forEach((button) => button.setAttribute("aria-pressed", String(isDark())));
  const toggle = () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Storage is off: the choice lasts for this page.
    }
    show();
  };

  buttons.forEach((button) => button.addEventListener("click", toggle));
  system.addEventListener("change", show);
  show();
}
