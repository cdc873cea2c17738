// One part by tus. What the server confirms is the hash of the bytes it has read, not that they were sent.
import { DetailedError, Upload, type HttpResponse } from "tus-js-client";
import { failure, NoNetwork } from "./api";
import type { SpooledPart } from "./types";

/** Milliseconds without a byte after which the connection counts as lost. */
const SILENCE_MS = 30_000;

/** The address of a part's upload, as far as this page knows it. */
const addresses = new Map<string, string>();

/** Parts of which a try has failed: the bytes may be there already, so they don't go along with the creation again. */
const tried = new Set<string>();

/** Sends what the server has not, and gives the hash that it confirms (64 hex digits), if it does. */
export async function sendPart(part: SpooledPart, bytes: ArrayBuffer, endpoint: string, token: string): Promise<string | undefined> {
  const name = `${part.session} ${part.part}`;
  try {
    const answer = await upload(part, bytes, endpoint, token, name);
    tried.delete(name);
    addresses.delete(name);
    return confirmed(answer.getHeader("Repr-Digest"));
  } catch (error) {
    tried.add(name);
    throw error;
  }
}

function upload(part: SpooledPart, bytes: ArrayBuffer, endpoint: string, token: string, name: string): Promise<HttpResponse> {
  return new Promise((done, failed) => {
    let timer = 0;
    const silent = () => {
      void upload.abort();
      failed(new NoNetwork("no byte went through for a while"));
    };
    const heard = () => {
      clearTimeout(timer);
      timer = window.setTimeout(silent, SILENCE_MS);
    };
    const metadata = {
      part: String(part.part),
      run: String(part.run),
      start_ms: String(part.start_ms),
      duration_ms: String(part.duration_ms),
      sha256: part.sha256,
      filetype: part.filetype,
    };
    const upload = new Upload(new Blob([bytes]), {
      endpoint,
      uploadUrl: addresses.get(name) ?? null,
      headers: { authorization: `Bearer ${token}` },
      metadata,
      uploadDataDuringCreation: !tried.has(name),
      storeFingerprintForResuming: false,
      // Somebody sent bytes meanwhile: the client asks where to go on. Everything else is for the delivery to judge.
      retryDelays: [0, 0],
      onShouldRetry: (error) => error.originalResponse?.getStatus() === 409 && /offset-mismatch/.test(error.originalResponse.getBody()),
      onUploadUrlAvailable: () => void (upload.url && addresses.set(name, upload.url)),
      onProgress: heard,
      onAfterResponse: heard,
      onSuccess: ({ lastResponse }) => {
        clearTimeout(timer);
        done(lastResponse);
      },
      onError: (error) => {
        clearTimeout(timer);
        failed(meaning(error));
      },
    });
    heard();
    upload.start();
  });
}

function meaning(error: Error): Error {
  const answer = error instanceof DetailedError ? error.originalResponse : undefined;
  if (!answer || answer.getStatus() < 400) return new NoNetwork(error.message);
  return failure(answer.getStatus(), answer.getHeader("Content-Type") ?? null, answer.getHeader("Retry-After") ?? null, answer.getBody());
}

/** The hash in `sha-256=:base64:` as hex. */
function confirmed(header: string | undefined): string | undefined {
  const base64 = /sha-256=:([^:]+):/.exec(header ?? "")?.[1];
  return base64 && [...atob(base64)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** SHA-256 as 64 hex digits. */
export async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
