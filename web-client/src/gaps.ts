// Gaps of a recording: the player passes over them and says so. Without this they play as silence and a still picture.

/** A stretch in which nothing was recorded, in seconds of the video. */
interface Gap {
  start: number;
  end: number;
  notice: string;
}

/** Milliseconds for which a notice stays in the picture. */
const NOTICE = 4000;
/** A step back of at most so many seconds that lands in a gap goes on before it, or nobody would come back over it. */
const STEP = 15;
/** A gap that ends so near to the video's end has nothing behind it, in seconds. */
const EDGE = 0.25;

/** Has `video` pass over the gaps that its card lists. */
export function passGaps(region: HTMLElement, video: HTMLVideoElement): void {
  const lines = region.closest(".card")?.querySelectorAll<HTMLElement>("[data-gaps] li") ?? [];
  const gaps = [...lines].map(read).filter((gap) => gap.end > gap.start);
  if (gaps.length === 0) return;

  const notice = region.querySelector<HTMLElement>("[data-gap-notice]");
  let hides = 0;
  let before = video.currentTime;

  const gapAt = (time: number) =>
    gaps.find((gap) => time >= gap.start && time < gap.end - 0.01 && !(gap.end > video.duration - EDGE));
  const say = (text: string) => {
    if (!notice) return;
    notice.textContent = text;
    clearTimeout(hides);
    hides = window.setTimeout(() => (notice.textContent = ""), NOTICE);
  };
  const pass = (gap: Gap) => {
    before = gap.end;
    video.currentTime = gap.end;
    say(gap.notice);
  };

  video.addEventListener("timeupdate", () => {
    if (video.seeking) return;
    const gap = gapAt(video.currentTime);
    if (gap && !video.paused) pass(gap);
    else before = video.currentTime;
  });
  video.addEventListener("seeking", () => {
    const to = video.currentTime;
    const gap = gapAt(to);
    if (!gap) return;
    const stepsBack = before >= gap.end - EDGE && before - to <= STEP && gap.start > 0;
    if (!stepsBack) return pass(gap);
    before = Math.max(gap.start - Math.max(gap.end - to, 1), 0);
    video.currentTime = before;
    say(gap.notice);
  });
}

function read(line: HTMLElement): Gap {
  const { start, end, notice } = line.dataset;
  return { start: Number(start), end: Number(end), notice: notice ?? "" };
}
