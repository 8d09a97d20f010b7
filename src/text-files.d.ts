/** Files that the bundler takes into the executable as text (`with { type: "text" }`). */
declare module "*.service" {
  const text: string;
  export default text;
}
declare module "*.target" {
  const text: string;
  export default text;
}
declare module "*.path" {
  const text: string;
  export default text;
}
declare module "*.socket" {
  const text: string;
  export default text;
}
