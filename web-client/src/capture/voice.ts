// Says what matters, and hears commands where the browser recognises speech.

export type Command = "start" | "pause" | "resume" | "stop" | "delete";

/** Says it aloud, where the browser can. */
export function say(text: string, language = "en"): void {
  if (!("speechSynthesis" in window)) return;
  const words = new SpeechSynthesisUtterance(text);
  words.lang = language;
  speechSynthesis.speak(words);
}

/** The command in what was said: "start training session", "delete the last minute". */
export function commandIn(said: string): Command | undefined {
  const words = said.toLowerCase().replace(/[^a-z ]+/g, " ").replace(/ +/g, " ");
  if (/\bdelete (the )?last minute\b/.test(words)) return "delete";
  const verb = /\b(start|pause|resume|stop) (the |a )?training session\b/.exec(words)?.[1];
  return verb as Command | undefined;
}

interface Recognition extends EventTarget {
  lang: string;
  continuous: boolean;
  processLocally?: boolean;
  start(): void;
  stop(): void;
  onresult: ((event: { resultIndex: number; results: ArrayLike<{ isFinal: boolean; 0: { transcript: string } }> }) => void) | null;
  onend: (() => void) | null;
  onerror: ((event: { error: string }) => void) | null;
}
interface RecognitionKind {
  new (): Recognition;
  /** On the device itself, without sending the sound anywhere. */
  available?(options: { langs: string[]; processLocally: boolean }): Promise<string>;
}

const LANGUAGE = "en-US";
const AGAIN_AFTER_MS = 1000;

const kind = (): RecognitionKind | undefined => {
  const { SpeechRecognition, webkitSpeechRecognition } = window as unknown as Record<string, RecognitionKind | undefined>;
  return SpeechRecognition ?? webkitSpeechRecognition;
};

export const canListen = () => kind() !== undefined;

/** Whether the device recognises by itself; else the browser sends the sound to its maker. */
export async function listensLocally(): Promise<boolean> {
  return (await kind()?.available?.({ langs: [LANGUAGE], processLocally: true }).catch(() => "")) === "available";
}

/** Listens until the returned function is called. `failed` when the browser refuses for good. */
export function listen(locally: boolean, heard: (command: Command) => void, failed: () => void): () => void {
  const Kind = kind();
  if (!Kind) return () => {};
  const recognition = new Kind();
  let on = true;
  recognition.lang = LANGUAGE;
  recognition.continuous = true;
  if (locally) recognition.processLocally = true;
  recognition.onresult = ({ resultIndex, results }) => {
    for (let i = resultIndex; i < results.length; i += 1) {
      const command = results[i]?.isFinal ? commandIn(results[i]?.[0].transcript ?? "") : undefined;
      if (command) heard(command);
    }
  };
  recognition.onerror = ({ error }) => {
    if (!["not-allowed", "service-not-allowed", "language-not-supported"].includes(error)) return;
    on = false;
    failed();
  };
  // It ends by itself after a silence.
  recognition.onend = () => void (on && setTimeout(() => on && recognition.start(), AGAIN_AFTER_MS));
  recognition.start();
  return () => {
    on = false;
    recognition.stop();
  };
}
