// Runs before the page is drawn, so that a chosen theme does not flash; without a choice the system's counts.
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
  } catch {
    // Storage is off: the system's theme it is.
  }
})();
