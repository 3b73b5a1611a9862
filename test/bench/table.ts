/** One figure; without `target` it is there to be known. */
export type Row = { what: string; measured?: number; unit?: string; target?: string; met?: boolean };

export function formatTable(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  return rows
    .map(({ what, measured, unit = "", target = "", met }) => {
      const figure = measured === undefined ? "" : `${measured.toFixed(unit === "×" ? 2 : 1)} ${unit}`;
      const verdict = met === undefined ? "" : met ? "met" : "NOT MET";
      return `${what.padEnd(width)}  ${figure.padStart(10)}  ${target.padEnd(14)}  ${verdict}`.trimEnd();
    })
    .join("\n");
}
