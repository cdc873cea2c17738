// The service worker of /capture: keeps the page and its files, so that it opens without a network. Everything else goes
// past it. The server writes SHELL in front; another version of the server is another script and brings its own cache.
declare const self: ServiceWorkerGlobalScope & { SHELL: { version: string; page: string; files: string[] } };

const { version, page, files } = self.SHELL;
const PREFIX = "capture-";
const CACHE = PREFIX + version;

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([page, ...files].map((url) => new Request(url, { cache: "reload", credentials: "omit" })));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const replace = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(replace());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  const asked = event.request.mode === "navigate" ? url.pathname : url.pathname + url.search;
  if (asked !== page && !files.includes(asked)) return;
  const answer = async () => (await (await caches.open(CACHE)).match(asked)) ?? fetch(event.request);
  event.respondWith(answer());
});

export {};
