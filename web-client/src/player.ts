// The player: renews addresses that expire, so that a page left open for a day still plays; Fullscreen; keys.

/** The answer of `/sessions/{id}/media` and `/procedures/{id}/media`. */
interface Media {
  expires_at: string;
  recording?: string;
  clip?: string;
  poster?: string | null;
  thumbnail?: string | null;
  captions?: string | null;
  chapters?: string | null;
}

/** Milliseconds before expiry at which a paused player gets fresh addresses. */
const EARLY = 60_000;
/** Renewals in a row that do not lead to a playing video, before the player gives up and says so. */
const MOST_RENEWALS = 3;

/** Starts every player below `root` that is not started yet. */
export function startPlayers(root: ParentNode): void {
  for (const region of root.querySelectorAll<HTMLElement>("[data-player]:not([data-started])")) {
    const video = region.querySelector("video");
    if (!video) continue;
    region.dataset["started"] = "";
    lastLong(region, video);
    listenToKeys(region, video);
    const button = region.closest(".card")?.querySelector("[data-fullscreen]");
    button?.addEventListener("click", () => void toggleFullscreen(region, video));
    // Chapters are loaded only when the track is not disabled.
    for (const track of video.textTracks) if (track.kind === "chapters") track.mode = "hidden";
  }
}

function lastLong(region: HTMLElement, video: HTMLVideoElement): void {
  const message = region.querySelector<HTMLElement>("[data-player-message]");
  let expiresAt = Date.parse(region.dataset["expiresAt"] ?? "");
  let timer = 0;
  let renewing = false;
  let renewals = 0;

  const expiresSoon = () => Number.isFinite(expiresAt) && Date.now() > expiresAt - EARLY;

  const plan = () => {
    clearTimeout(timer);
    if (!Number.isFinite(expiresAt)) return;
    // A timer holds at most 2^31 ms, and a sleeping machine stops it: it only asks again.
    const wait = Math.min(Math.max(expiresAt - EARLY - Date.now(), 1000), 3_600_000);
    timer = window.setTimeout(() => (video.paused && expiresSoon() ? void renew() : plan()), wait);
  };

  const renew = async () => {
    if (renewing || !region.isConnected) return;
    if (renewals >= MOST_RENEWALS) return say("The video could not be loaded.", true);
    renewing = true;
    renewals += 1;
    try {
      const media = await fetchMedia(region.dataset["mediaUrl"] ?? "");
      expiresAt = Date.parse(media.expires_at);
      await swap(video, media);
      say("");
    } catch (error) {
      say(error instanceof SignedOut ? "You have been signed out. Reload the page to sign in." : "The video could not be loaded.", true);
    } finally {
      renewing = false;
      plan();
    }
  };

  const say = (text: string, retry = false) => {
    if (!message) return;
    message.textContent = text;
    message.hidden = text === "";
    if (!retry) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-small";
    button.textContent = "Try again";
    button.addEventListener("click", () => {
      renewals = 0;
      void renew();
    });
    message.append(button);
  };

  video.addEventListener("error", () => void renew());
  // Somebody comes back after hours: fresh addresses before the old ones are found to be dead.
  video.addEventListener("play", () => expiresSoon() && void renew());
  video.addEventListener("pause", plan);
  video.addEventListener("playing", () => {
    renewals = 0;
    say("");
  });
  plan();
  if (video.error) void renew();
}

class SignedOut extends Error {}

async function fetchMedia(url: string): Promise<Media> {
  const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual" });
  if (response.type === "opaqueredirect" || response.status === 401) throw new SignedOut();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as Media;
}

/** Puts fresh addresses into the video and goes on where it was. */
async function swap(video: HTMLVideoElement, media: Media): Promise<void> {
  const src = media.recording ?? media.clip;
  if (!src) throw new Error("the answer names no video");
  const { currentTime, paused, playbackRate } = video;
  const poster = media.poster ?? media.thumbnail;
  if (poster && currentTime === 0) video.poster = poster;
  for (const track of video.querySelectorAll("track")) {
    const fresh = track.kind === "captions" ? media.captions : media.chapters;
    // Cues that are loaded stay; what was never fetched gets the address that works.
    if (fresh && track.readyState !== HTMLTrackElement.LOADED) track.src = fresh;
  }
  const ready = new Promise<void>((resolve, reject) => {
    video.addEventListener("loadedmetadata", () => resolve(), { once: true });
    video.addEventListener("error", () => reject(video.error), { once: true });
  });
  video.src = src;
  video.load();
  await ready;
  video.playbackRate = playbackRate;
  if (currentTime > 0) video.currentTime = currentTime;
  if (!paused) await video.play().catch(() => undefined);
}

async function toggleFullscreen(region: HTMLElement, video: HTMLVideoElement): Promise<void> {
  const iphone = video as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
  if (document.fullscreenElement) await document.exitFullscreen();
  else if (region.requestFullscreen) await region.requestFullscreen().catch(() => iphone.webkitEnterFullscreen?.());
  else iphone.webkitEnterFullscreen?.();
}

function listenToKeys(region: HTMLElement, video: HTMLVideoElement): void {
  const seek = (seconds: number) => {
    const end = Number.isFinite(video.duration) ? video.duration : Infinity;
    video.currentTime = Math.min(Math.max(video.currentTime + seconds, 0), end);
  };
  const toggle = () => (video.paused ? void video.play().catch(() => undefined) : video.pause());
  const everywhere: Record<string, () => void> = {
    k: toggle,
    j: () => seek(-10),
    l: () => seek(10),
    f: () => void toggleFullscreen(region, video),
    c: () => toggleCaptions(video),
  };
  // The browser's own controls have these keys already; there they stay theirs.
  const onRegion: Record<string, () => void> = { " ": toggle, ArrowLeft: () => seek(-5), ArrowRight: () => seek(5) };

  region.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = everywhere[key] ?? (event.target === region ? onRegion[key] : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function toggleCaptions(video: HTMLVideoElement): void {
  for (const track of video.textTracks) {
    if (track.kind === "captions") track.mode = track.mode === "showing" ? "disabled" : "showing";
  }
}
