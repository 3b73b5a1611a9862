import type { TimeSource } from "../../src/clock.ts";

/** A machine's clock, and its time since the start, that a test has go on and sets by hand. */
export class TestClock implements TimeSource {
  #time: number;
  #uptime = 3_600_000;
  boot: string | undefined = "first";
  /** Whether a time server keeps it. */
  synchronized: boolean | undefined;

  constructor(time = Date.UTC(2026, 5, 1, 12)) {
    this.#time = time;
  }

  get time(): number {
    return this.#time;
  }

  /** Lets time pass until then; a time before sets the clock back. */
  set time(time: number) {
    this.#uptime += Math.max(0, time - this.#time);
    this.#time = time;
  }

  /** Sets the clock; no time passes. */
  step(milliseconds: number): void {
    this.#time += milliseconds;
  }

  /** Turns the machine off and on again; by its clock, it was off for so long. */
  reboot(milliseconds: number): void {
    this.#time += milliseconds;
    this.#uptime = 0;
    this.boot = Bun.randomUUIDv7();
  }

  readonly now = () => this.#time;
  readonly uptime = () => this.#uptime;
  readonly isSynchronized = async () => this.synchronized;
}
