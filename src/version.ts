import packageJson from "../package.json" with { type: "json" };

/** The build script of the binary defines it; a checkout has git to tell. */
declare const BUILD_COMMIT: string | undefined;

const commit = typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "";

/** As in 0.1.0 (abc1234); without the commit where that is not known. */
export const version = commit === "" ? packageJson.version : `${packageJson.version} (${commit})`;
