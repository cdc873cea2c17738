// What each screen says.
import { outOfMinutes, totals, type Model } from "./model";
import { isOurs } from "./types";

/** What is said when the server takes no new session. */
export const NO_MINUTES = "No minutes left. Ask your administrator.";

/** The words of every place `data-text` on the page. */
export function words(model: Model): Record<string, string> {
  const session = model.session?.current;
  return {
    who: model.pairing ? `${model.pairing.user_name} · ${model.pairing.tenant_name}` : "",
    network: model.network === "lost" ? (model.busy ? "Server busy" : "No network") : model.network === "reached" ? "Online" : "",
    notice: sentence(model.notice || model.room),
    lacking: model.lacking.join(", "),
    elapsed: clock(model.session?.elapsed ?? 0),
    state: session?.state === "paused" ? "Paused" : model.trouble ? "Interrupted" : "Recording",
    trouble: model.trouble || (model.revoked ? "This device was shut out. The recording is kept here until it is paired again." : ""),
    sent: sent(model),
    task: session?.task?.title ?? "",
    waiting: waiting(model),
    "start-button": "Start training session",
    "recording-notice": model.notices?.recording ?? "",
    "consent-text": model.notices?.consent?.text ?? "",
    "consent-problem": model.consentProblem,
    "start-refused": outOfMinutes(model) ? NO_MINUTES : "",
    "delete-button": model.deleteArmed ? "Tap again to delete" : "Delete last minute",
    "voice-hint": `Say “start training session”; pause, resume, stop in the same way; “delete the last minute”, said twice. ${
      model.listensLocally ? "This device hears by itself." : "Your browser may send the sound to its maker."
    }`,
    ...pairingWords(model),
    ...cameraWords(model),
    ...uploadingWords(model),
  };
}

function pairingWords(model: Model): Record<string, string> {
  const { sessions } = totals(model);
  const again = model.newCode && model.pairing && !model.revoked;
  return {
    "pairing-heading": model.revoked ? "This device was shut out" : again ? "Pair again?" : "Pair this device",
    "pairing-lead": model.revoked
      ? "An administrator has revoked it. Ask for a new code to go on; nothing on this device is lost."
      : again
        ? `This device works for ${model.pairing?.user_name} at ${model.pairing?.tenant_name}. Pairing with the new code ends that.`
        : "In the Dashboard an administrator opens Settings, Seats, Pair. Scan the code shown there, or type it.",
    "pair-button": again ? "Pair again" : "Pair",
    "pairing-waiting": sessions === 0 ? "" : `${count(sessions, "session")} on this device ${sessions === 1 ? "is" : "are"} kept until then.`,
  };
}

function cameraWords(model: Model): Record<string, string> {
  const heading = { denied: "Camera and microphone are not allowed", absent: "No camera or no microphone was found", busy: "The camera does not start" };
  const lead = {
    denied: "This browser has been told not to let this page use them.",
    absent: "Connect them, then try again.",
    busy: "Another app may be using it. Close that app, then try again.",
  };
  const why = model.noCamera ?? "busy";
  return { "camera-heading": heading[why], "camera-lead": lead[why] };
}

function uploadingWords(model: Model): Record<string, string> {
  const { sessions } = totals(model);
  if (sessions === 0) {
    return { "uploading-heading": "Delivered", "uploading-lead": ofOthers(model) ? `Everything recorded for ${model.pairing?.user_name} is with the server.` : "Everything is with the server, and nothing is left on this device." };
  }
  if (model.network === "lost") {
    return { "uploading-heading": "Saved on this device", "uploading-lead": "It is sent as soon as there is a network and this page is open." };
  }
  return { "uploading-heading": "Sending", "uploading-lead": "Keep this page open until everything is sent. You can record the next session meanwhile." };
}

function waiting(model: Model): string {
  const others = ofOthers(model);
  const own = others && totals(model).sessions === 0 ? "" : ofOwn(model);
  return [own, others].filter(Boolean).join(" ");
}

function ofOwn(model: Model): string {
  const { sessions, bytes, refused } = totals(model);
  if (sessions === 0) return model.pairing ? "Nothing waits on this device." : "";
  const what = `${count(sessions, "session")}, ${megabytes(bytes)}`;
  if (refused) return `${what} on this device. The server said: ${sentence(refused)}`;
  if (model.network === "lost") return model.busy ? `${what} saved on this device. The server said: ${sentence(model.busy)}` : `${what} saved on this device, no network.`;
  return `${what} on the way.`;
}

/** What was recorded for somebody else, and what to do about it. */
function ofOthers(model: Model): string {
  const others = model.sessions.filter((session) => !isOurs(session, model.pairing));
  const [first] = others;
  if (!first?.seat) return "";
  const { user_name, tenant_name } = first.seat;
  return `${count(others.length, "session")} recorded for ${user_name} at ${tenant_name} ${others.length === 1 ? "is" : "are"} kept here: pair with that seat again to deliver.`;
}

function sent(model: Model): string {
  const running = model.sessions.find(({ key }) => key === model.session?.current?.key);
  if (!running) return "";
  const { bytes } = totals(model);
  if (model.network === "lost") return `Saved on this device, no network: ${megabytes(bytes)}.`;
  return `${megabytes(running.sent)} sent, ${bytes === 0 ? "nothing" : megabytes(bytes)} waits.`;
}

/** The server's errors begin small and end without a full stop. */
const sentence = (text: string) => text && text.charAt(0).toUpperCase() + text.slice(1) + (/[.…!?]$/.test(text) ? "" : ".");
const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** `0:42`, `1:04:09`. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
