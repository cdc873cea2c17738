// The service worker that lets the page open without a network.

/** Registers it. When another version of the server has replaced it, the page is loaded anew once `idle` says so. */
export function installWorker(idle: () => boolean): void {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const known = workers.controller;
  workers.addEventListener("controllerchange", () => known && idle() && location.reload());
  workers.register("/capture/sw.js", { scope: "/capture", updateViaCache: "none" }).catch((error: unknown) => {
    console.warn("the page will not open without a network:", String(error));
  });
}
