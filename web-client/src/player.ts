// The player: renews addresses that expire, so that a page left open for a day still plays; Fullscreen; keys.
import { passGaps } from "./gaps";

/** The answer of `/sessions/{id}/media` and `/procedures/{id}/media`. */
interface Media {
  expires_in_seconds: number;
  recording?: string;
  clip?: string;
  poster?: string | null;
  thumbnail?: string | null;
  captions?: string | null;
  chapters?: string | null;
}

/** Most milliseconds before expiry at which a paused player gets fresh addresses. */
const EARLY = 60_000;
/** Times in a row that a video with fresh addresses may break, before the player waits for `Try again`. */
const MOST_BREAKS = 4;
/** Seconds away from where it broke after which that is forgiven: a damaged place breaks it anew each time. */
const FORGIVEN_AFTER = 2;
/** Most milliseconds between attempts to renew while the server cannot be reached. */
const LONGEST_PAUSE = 60_000;

/** Starts every player below `root` that is not started yet. */
export function startPlayers(root: ParentNode): void {
  for (const region of root.querySelectorAll<HTMLElement>("[data-player]:not([data-started])")) {
    const video = region.querySelector("video");
    if (!video) continue;
    region.dataset["started"] = "";
    lastLong(region, video);
    listenToKeys(region, video);
    passGaps(region, video);
    const button = region.closest(".card")?.querySelector("[data-fullscreen]");
    button?.addEventListener("click", () => void toggleFullscreen(region, video));
    // Loaded at once, for who turns captions on after hours: the address in the page may be dead by then.
    for (const track of video.textTracks) track.mode = "hidden";
  }
}

function lastLong(region: HTMLElement, video: HTMLVideoElement): void {
  const message = region.querySelector<HTMLElement>("[data-player-message]");
  let expiresAt = NaN;
  let renewAt = NaN;
  let timer = 0;
  let renewing = false;
  let breaks = 0;
  let brokeAt = 0;
  let outages = 0;
  let signedOut = false;
  /** Where it was before the renewal that is not through yet: a second attempt must not take its own start for it. */
  let place: Place | undefined;

  // The browser's clock may be wrong, so only spans count.
  const good = (seconds: number) => {
    const life = seconds * 1000;
    expiresAt = Date.now() + life;
    renewAt = expiresAt - Math.min(EARLY, life / 4);
  };
  const isStale = () => Date.now() >= renewAt;

  const plan = () => {
    clearTimeout(timer);
    if (signedOut || breaks >= MOST_BREAKS || Number.isNaN(renewAt)) return;
    const due = place ? Math.min(1000 * 2 ** (breaks + outages), LONGEST_PAUSE) : renewAt - Date.now();
    // A timer holds at most 2^31 ms, and a sleeping machine stops it: it only asks again.
    const wait = Math.min(Math.max(due, 500), 3_600_000);
    timer = window.setTimeout(() => {
      // What plays goes on with what it has: a renewal would make it stutter.
      const wanted = place !== undefined || (video.paused && isStale());
      if (wanted) void renew();
      else if (video.paused) plan();
    }, wait);
  };

  const renew = async () => {
    if (renewing || !region.isConnected) return;
    renewing = true;
    place ??= { time: video.currentTime, paused: video.paused, rate: video.playbackRate };
    // Only somebody who waits for the picture is told of a failure; a page in the background tries again by itself.
    const isNeeded = video.error !== null || !place.paused;
    let media: Media | undefined;
    try {
      media = await fetchMedia(region.dataset["mediaUrl"] ?? "");
      await swap(video, media, place);
      good(media.expires_in_seconds);
      [place, outages, signedOut] = [undefined, 0, false];
      say("");
    } catch (error) {
      if (media) breaks += 1;
      else outages += 1;
      signedOut = error instanceof SignedOut;
      if (signedOut) say("You have been signed out. Reload the page to sign in.", true);
      else if (isNeeded || video.error) say("The video could not be loaded.", true);
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
      breaks = 0;
      say("");
      void renew();
    });
    message.append(button);
  };

  const broke = () => {
    if (renewing) return; // the renewal hears of it itself
    breaks += 1;
    brokeAt = video.currentTime;
    if (breaks < MOST_BREAKS) return void renew();
    place = { time: brokeAt, paused: video.paused, rate: video.playbackRate };
    say("The video could not be loaded.", true);
  };

  video.addEventListener("error", broke);
  // Somebody comes back after hours: fresh addresses before the old ones are found to be dead.
  video.addEventListener("play", () => isStale() && void renew());
  video.addEventListener("pause", plan);
  video.addEventListener("timeupdate", () => {
    if (renewing || place || video.seeking || breaks === 0) return;
    if (Math.abs(video.currentTime - brokeAt) < FORGIVEN_AFTER) return;
    breaks = 0;
    say("");
  });
  good(Number(region.dataset["expiresIn"] ?? "NaN"));
  plan();
  if (video.error) broke();
}

/** What a viewer would miss after a renewal. */
interface Place {
  time: number;
  paused: boolean;
  rate: number;
}

class SignedOut extends Error {}

async function fetchMedia(url: string): Promise<Media> {
  const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual" });
  if (response.type === "opaqueredirect" || response.status === 401) throw new SignedOut();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as Media;
}

/** Puts fresh addresses into the video and goes on at `place`. */
async function swap(video: HTMLVideoElement, media: Media, place: Place): Promise<void> {
  const src = media.recording ?? media.clip;
  if (!src) throw new Error("the answer names no video");
  const poster = media.poster ?? media.thumbnail;
  if (poster && place.time === 0) video.poster = poster;
  for (const track of video.querySelectorAll("track")) {
    const fresh = track.kind === "captions" ? media.captions : media.chapters;
    // Cues that are loaded stay; what was never fetched gets the address that works.
    if (fresh && track.readyState !== HTMLTrackElement.LOADED) track.src = fresh;
  }
  const settled = new AbortController();
  const ready = new Promise<void>((resolve, reject) => {
    video.addEventListener("loadedmetadata", () => resolve(), { signal: settled.signal });
    video.addEventListener("error", () => reject(video.error ?? new Error("the video failed")), { signal: settled.signal });
  });
  video.src = src;
  video.load();
  await ready.finally(() => settled.abort());
  video.playbackRate = place.rate;
  if (place.time > 0) video.currentTime = place.time;
  if (!place.paused) await video.play().catch(() => undefined);
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
    if (track.kind === "captions") track.mode = track.mode === "showing" ? "hidden" : "showing";
  }
}
