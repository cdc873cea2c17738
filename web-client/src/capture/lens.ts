// Whether the lens is covered: a picture that is dark and has nothing in it.

const WIDTH = 32;
const HEIGHT = 18;
/** Luminance, 0 to 255. */
const DARK = 24;
const FLAT = 6;

const canvas = new OffscreenCanvas(WIDTH, HEIGHT);

/** `undefined` while there is no picture. */
export function isLensCovered(video: HTMLVideoElement): boolean | undefined {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
  context.drawImage(video, 0, 0, WIDTH, HEIGHT);
  const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
  const luma: number[] = [];
  for (let i = 0; i < data.length; i += 4) luma.push(0.2126 * (data[i] ?? 0) + 0.7152 * (data[i + 1] ?? 0) + 0.0722 * (data[i + 2] ?? 0));
  const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  const deviation = Math.sqrt(luma.reduce((sum, value) => sum + (value - mean) ** 2, 0) / luma.length);
  return mean < DARK || deviation < FLAT;
}
