import { dlopen, FFIType, ptr } from "bun:ffi";

/**
 * Whether a time server keeps the machine's clock; undefined where nothing tells. systemd is asked where there is one,
 * since the sandbox of a unit may keep a process from asking the kernel, and the kernel in a container, which has the
 * clock of its host.
 */
export async function isSynchronized(): Promise<boolean | undefined> {
  return (await askSystemd()) ?? askKernel();
}

async function askSystemd(): Promise<boolean | undefined> {
  const timedatectl = Bun.which("timedatectl");
  if (timedatectl === null) return undefined;
  const command = [timedatectl, "show", "--property=NTPSynchronized", "--value"];
  const { stdout } = Bun.spawn(command, { stdin: "ignore", stderr: "ignore", timeout: 2000 });
  const answer = (await stdout.text()).trim();
  return answer === "" ? undefined : answer === "yes";
}

/** The size of `struct timex`, and where the largest error is in it, on 64-bit Linux; the error in µs. */
const TIMEX_BYTES = 208;
const MAXERROR_AT = 24;

/** Of a clock that nobody keeps, and of one that was set by hand. */
const UNKNOWN_ERROR = 16_000_000n;

/** As systemd itself finds it out. */
function askKernel(): boolean | undefined {
  let library: ReturnType<typeof openLibrary>;
  try {
    library = openLibrary();
  } catch {
    // Another system.
    return undefined;
  }
  // All zero: nothing is set, only read.
  const timex = new Uint8Array(TIMEX_BYTES);
  const answer = library.symbols.adjtimex(ptr(timex));
  library.close();
  if (answer < 0) return undefined;
  return new DataView(timex.buffer).getBigInt64(MAXERROR_AT, true) < UNKNOWN_ERROR;
}

function openLibrary() {
  return dlopen("libc.so.6", { adjtimex: { args: [FFIType.ptr], returns: FFIType.i32 } });
}
