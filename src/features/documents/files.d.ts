/** With { type: "file" }: the path of the file, on disk or inside the binary. */
declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}
