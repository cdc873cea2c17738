// Reads the QR code with the camera, where the browser has a detector.
import { closeCamera } from "./camera";
import { codeIn } from "./pairing";

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
declare const BarcodeDetector: {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
};

const LOOK_EVERY_MS = 200;

export async function canScan(): Promise<boolean> {
  if (!("BarcodeDetector" in window)) return false;
  return (await BarcodeDetector.getSupportedFormats().catch((): string[] => [])).includes("qr_code");
}

/** Shows the camera in `video` until a pairing code of this server is seen; `undefined` once `stop` says so. */
export async function scan(video: HTMLVideoElement, stop: AbortSignal, elsewhere: (host: string) => void): Promise<string | undefined> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" } } });
  try {
    video.srcObject = stream;
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    while (!stop.aborted) {
      for (const { rawValue } of await detector.detect(video).catch(() => [])) {
        const code = codeIn(rawValue);
        if (!code || !URL.canParse(rawValue)) continue;
        const { origin, host } = new URL(rawValue);
        if (origin === location.origin) return code;
        elsewhere(host);
      }
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
    return undefined;
  } finally {
    closeCamera(stream);
    video.srcObject = null;
  }
}
