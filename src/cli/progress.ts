import { SingleBar } from "cli-progress";

/** A bar on standard error, where that is a terminal. */
type Bar = { update(done: number, total: number): void; stop(): void };

/** `label` and how many of the rides are done. */
export function startRideBar(label: string): Bar {
  return startBar(`${label} {bar} {value}/{total} rides`, 0);
}

/** `label` and how much is done of what is best not counted. */
export function startPercentBar(label: string): Bar {
  return startBar(`${label} {bar} {percentage} %`, 1);
}

function startBar(format: string, total: number): Bar {
  const bar = new SingleBar({
    format,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, 0);
  return {
    update(done, total) {
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
