// More of a recording has arrived while somebody watches what was there: it is offered, and nothing is taken away.
import { startPlayers } from "./player";
import { replaceKeepingFocus } from "./replace";

/** Whether somebody has begun to watch the video in it. */
export function isWatched(part: HTMLElement): boolean {
  const video = part.querySelector("video");
  return video !== null && video.error === null && (!video.paused || video.currentTime > 0) && !video.ended;
}

/** Says below the player that there is more; a tap puts `fresh` in the place of `part`. */
export function offerNewer(part: HTMLElement, fresh: HTMLElement): void {
  part.querySelector("[data-newer]")?.remove();
  const offer = document.createElement("p");
  offer.className = "hint under-video";
  offer.dataset["newer"] = "";
  offer.setAttribute("role", "status");
  const words = document.createElement("span");
  words.textContent = "More of this recording has arrived. ";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-small";
  button.textContent = "Show it";
  button.addEventListener("click", () => {
    replaceKeepingFocus(part, fresh);
    startPlayers(document);
    fresh.querySelector("video")?.focus();
  });
  offer.append(words, button);
  part.append(offer);
}
