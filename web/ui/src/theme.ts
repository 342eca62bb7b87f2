import { createTheme, type MantineColorsTuple } from "@mantine/core";

const tandem: MantineColorsTuple = [
  "#eefaf8",
  "#d8f1ee",
  "#b0e2dc",
  "#83d2c9",
  "#5ec2b7",
  "#40b1a6",
  "#2a9b91",
  "#1c837b",
  "#126c66",
  "#0a534e",
];

const dark: MantineColorsTuple = [
  "#d5dce1",
  "#abb6be",
  "#8d99a3",
  "#596570",
  "#36414a",
  "#29323a",
  "#1b2228",
  "#12171b",
  "#0e1215",
  "#0a0d0f",
];

/** Shade 8 and autoContrast keep text on the main colour readable (WCAG AA). */
export const theme = createTheme({
  colors: { tandem, dark },
  primaryColor: "tandem",
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  headings: { fontWeight: "650" },
});
