// Camera and microphone, and which format this browser records.

/** Why there is no camera: `denied` by the person, `absent`, or `busy` in another program. */
export class NoCamera extends Error {
  constructor(readonly why: "denied" | "absent" | "busy", cause: unknown) {
    super(String(cause));
  }
}

const VIDEO: MediaTrackConstraints = {
  facingMode: { ideal: "environment" },
  width: { ideal: 1920 },
  height: { ideal: 1080 },
  frameRate: { ideal: 30, max: 30 },
};
/** The work is to be heard, not only the voice. */
const AUDIO: MediaTrackConstraints = { echoCancellation: false, noiseSuppression: false, autoGainControl: true };

/** Opens the camera at the back and the microphone; asks the person where that is needed. */
export async function openCamera(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({ video: VIDEO, audio: AUDIO });
  } catch (error) {
    const name = (error as DOMException).name;
    if (name === "NotAllowedError" || name === "SecurityError") throw new NoCamera("denied", error);
    throw new NoCamera(name === "NotFoundError" ? "absent" : "busy", error);
  }
}

export const closeCamera = (stream: MediaStream | undefined) => stream?.getTracks().forEach((track) => track.stop());

/** Whether both may be used without asking. Where the browser does not tell, it is not so. */
export async function isCameraAllowed(): Promise<boolean> {
  try {
    const asked = ["camera", "microphone"].map((name) => navigator.permissions.query({ name: name as PermissionName }));
    return (await Promise.all(asked)).every(({ state }) => state === "granted");
  } catch {
    return false;
  }
}

/** What there is to choose from, the least work for a processor first; and the codec as it is called in calls. */
const FORMATS: [string, string][] = [
  ["video/webm;codecs=vp8,opus", "video/VP8"],
  ["video/webm;codecs=h264,opus", "video/H264"],
  ["video/webm;codecs=vp9,opus", "video/VP9"],
  ["video/webm", "video/VP8"],
  ["video/mp4;codecs=avc1.42E01F,mp4a.40.2", "video/H264"],
  ["video/mp4", "video/H264"],
];

/** The format to record in: one that the hardware encodes, else the first that the browser has; `undefined` if none. */
export async function recordingFormat(): Promise<string | undefined> {
  const supported = FORMATS.filter(([format]) => MediaRecorder.isTypeSupported(format));
  for (const [format, codec] of supported) {
    if ((await isEncodedByHardware("record", format)) || (await isEncodedByHardware("webrtc", codec))) return format;
  }
  return supported[0]?.[0];
}

/** A browser answers for recording or for calls; its encoders are the same. */
async function isEncodedByHardware(type: "record" | "webrtc", contentType: string): Promise<boolean> {
  const video = { contentType, width: 1920, height: 1080, bitrate: VIDEO_BITS_PER_SECOND, framerate: 30 };
  const info = await navigator.mediaCapabilities?.encodingInfo({ type, video }).catch(() => undefined);
  return Boolean(info?.supported && info.powerEfficient);
}

export const VIDEO_BITS_PER_SECOND = 3_000_000;
export const AUDIO_BITS_PER_SECOND = 96_000;
