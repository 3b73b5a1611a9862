import { expect } from "bun:test";
import type fc from "fast-check";
import { fieldsOf, type Rider } from "../../support/accounts.ts";
import type { TestApp } from "../../support/app.ts";
import { sendBatch } from "../streams/streams.ts";
import { change, complete, startRide, summaryOf, trash } from "../workouts/rides.ts";
import { bestCurve, type Metric, recordsOf, setFtp, setTimeZone } from "./analysis.ts";
import {
  bestCurveOf,
  effortOf,
  firstMoment,
  GROUPS,
  localDay,
  type Ridden,
  recordsAmong,
  type Sport,
} from "./brute-force.ts";

type Status = "UNFINISHED" | "COMPLETED" | "ARCHIVED" | "DELETED";
type Ride = Ridden & {
  status: Status;
  /** Of a finished ride without telemetry: its FTP, and what the rest of its effort was worked out from. */
  kept?: { ftp: number | null; from: "samples" | "summary" };
};

/** What must be. `ftps` are by group and by the day from which they hold: that of the zone in which they were set. */
export type Model = { rides: Ride[]; ftps: Map<string, Map<string, number>>; zone: string };
export type Real = { app: TestApp; rider: Rider };
type Command = fc.AsyncCommand<Model, Real>;

/** The FTP on a ride's day: the latest of those that begin on that day or before. */
function ftpOf({ ftps, zone }: Model, { start, sport }: Ridden): number | null {
  const begun = [...(ftps.get(GROUPS[sport]) ?? [])].filter(([day]) => day <= localDay(start, zone));
  return begun.sort(([a], [b]) => (a < b ? 1 : -1))[0]?.[1] ?? null;
}

function counted({ rides }: Model): Ride[] {
  return rides.filter(({ status }) => status === "COMPLETED" || status === "ARCHIVED");
}

function ofSport(rides: readonly Ride[], asked: Sport): Ride[] {
  return rides.filter(({ sport }) => GROUPS[sport] === GROUPS[asked]);
}

function pickOf(rides: readonly Ride[], pick: number, statuses: readonly Status[]): Ride | undefined {
  const possible = rides.filter(({ status }) => statuses.includes(status));
  return possible[pick % possible.length];
}

/** FTPs have changed: what no telemetry is left of has only its stored summary to go by. */
async function settle(model: Model, real: Real): Promise<void> {
  for (const ride of model.rides) {
    const ftp = ftpOf(model, ride);
    if (ride.kept && ride.kept.ftp !== ftp) ride.kept = { ftp, from: "summary" };
  }
  await real.app.deps.rederivation.run(real.rider.userId);
  await expectAsModelled(model, real);
}

export class Start implements Command {
  constructor(readonly ride: Omit<Ridden, "id">) {}
  check = () => true;
  toString = () => `ride ${JSON.stringify(this.ride)}`;

  async run({ rides }: Model, { rider }: Real): Promise<void> {
    const { id, streamName } = await startRide(rider, { sport: this.ride.sport });
    await sendBatch(rider, streamName, this.ride.samples);
    rides.push({ id, ...this.ride, status: "UNFINISHED" });
  }
}

export class Complete implements Command {
  constructor(
    readonly pick: number,
    readonly archiveTelemetry: boolean,
  ) {}
  check = ({ rides }: Readonly<Model>) => rides.some(({ status }) => status === "UNFINISHED");
  toString = () => `complete ${this.pick}${this.archiveTelemetry ? "" : " without telemetry"}`;

  async run(model: Model, { rider }: Real): Promise<void> {
    const ride = pickOf(model.rides, this.pick, ["UNFINISHED"]);
    if (!ride) return;
    const { archiveTelemetry } = this;
    const { newRecords } = await complete(rider, ride.id, { archiveTelemetry });
    ride.status = "COMPLETED";
    if (!archiveTelemetry) ride.kept = { ftp: ftpOf(model, ride), from: "samples" };
    const records = recordsAmong(ofSport(counted(model), ride.sport));
    expect(newRecords).toEqual(records.filter(({ workoutId }) => workoutId === ride.id));
  }
}

const CHANGES = {
  archive: { from: ["COMPLETED"], to: "ARCHIVED" },
  restore: { from: ["ARCHIVED", "DELETED"], to: "COMPLETED" },
  // Deleting an unfinished one completes it, with telemetry.
  delete: { from: ["UNFINISHED", "COMPLETED", "ARCHIVED"], to: "DELETED" },
  purge: { from: ["UNFINISHED", "COMPLETED", "ARCHIVED", "DELETED"], to: "DELETED" },
} as const;

export class Change implements Command {
  constructor(
    readonly action: keyof typeof CHANGES,
    readonly pick: number,
  ) {}
  check = ({ rides }: Readonly<Model>) => rides.length > 0;
  toString = () => `${this.action} ${this.pick}`;

  async run(model: Model, real: Real): Promise<void> {
    const { rider } = real;
    const { action } = this;
    const ride = pickOf(model.rides, this.pick, CHANGES[action].from);
    if (!ride) return;
    if (action === "purge") await trash(rider, ride.id, "?permanent=true");
    else if (action === "delete") await trash(rider, ride.id);
    else await change(rider, ride.id, action);
    ride.status = CHANGES[action].to;
    if (action === "purge") model.rides = model.rides.filter((other) => other !== ride);
    await expectAsModelled(model, real);
  }
}

export class ChangeFtp implements Command {
  constructor(
    readonly ftp: number,
    readonly sport: Sport,
    readonly from: string,
  ) {}
  check = () => true;
  toString = () => `FTP ${this.ftp} of ${this.sport} from ${this.from}`;

  async run(model: Model, real: Real): Promise<void> {
    await setFtp(real.rider, this.ftp, this.from, this.sport);
    const group = GROUPS[this.sport];
    const days = model.ftps.get(group) ?? new Map<string, number>();
    model.ftps.set(group, days.set(localDay(firstOf(this.from, model.zone), model.zone), this.ftp));
    await settle(model, real);
  }
}

export class ChangeSport implements Command {
  constructor(
    readonly pick: number,
    readonly sport: Sport,
  ) {}
  check = ({ rides }: Readonly<Model>) => rides.length > 0;
  toString = () => `${this.pick} was ${this.sport}`;

  async run(model: Model, real: Real): Promise<void> {
    const { sport } = this;
    const ride = pickOf(model.rides, this.pick, ["UNFINISHED", "COMPLETED", "ARCHIVED", "DELETED"]);
    if (!ride) return;
    await real.rider.send("PATCH", `/api/workouts/${ride.id}`, { sport });
    ride.sport = sport;
    await settle(model, real);
  }
}

export class Move implements Command {
  constructor(readonly zone: string) {}
  check = () => true;
  toString = () => `move to ${this.zone}`;

  async run(model: Model, real: Real): Promise<void> {
    await setTimeZone(real.rider, this.zone);
    model.zone = this.zone;
    await settle(model, real);
  }
}

export class Look implements Command {
  constructor(
    readonly from: string,
    readonly to: string,
    readonly metric: Metric,
    readonly sport: Sport,
    readonly tz: string | undefined,
  ) {}
  check = () => true;
  toString = () =>
    `look at ${this.metric} of ${this.sport} from ${this.from} to ${this.to} in ${this.tz ?? "the own zone"}`;

  async run(model: Model, { rider }: Real): Promise<void> {
    const zone = this.tz ?? model.zone;
    const sport = encodeURIComponent(this.sport.toUpperCase());
    const query = `?from=${this.from}&to=${this.to}&sport=${sport}${this.tz === undefined ? "" : `&tz=${this.tz}`}`;
    const [first, last] = [firstOf(this.from, zone), lastOf(this.to, zone)];
    if (first > last) {
      expect(fieldsOf(await rider.refused("GET", `/api/records${query}`))).toEqual(["to"]);
      return;
    }
    const within = ofSport(counted(model), this.sport).filter(({ start }) => start >= first && start <= last);
    expect(await recordsOf(rider, query)).toEqual(recordsAmong(within));
    expect(await bestCurve(rider, `${query}&metric=${this.metric}`)).toEqual(
      bestCurveOf(within, this.metric),
    );
  }
}

function firstOf(text: string, zone: string): number {
  return text.includes("T") ? Date.parse(text) : firstMoment(text, zone);
}

function lastOf(text: string, zone: string): number {
  if (text.includes("T")) return Date.parse(text);
  const nextDay = new Date(Date.parse(text) + 86_400_000).toISOString().slice(0, 10);
  return firstMoment(nextDay, zone) - 1;
}

export async function expectAsModelled(model: Model, { rider }: Real): Promise<void> {
  expect(await recordsOf(rider)).toEqual(recordsAmong(ofSport(counted(model), "cycling")));
  for (const ride of model.rides) {
    const { ftp, from } = ride.kept ?? { ftp: ftpOf(model, ride), from: "samples" as const };
    expect(await summaryOf(rider, ride.id)).toMatchObject(effortOf(ride, ftp, from));
  }
}
