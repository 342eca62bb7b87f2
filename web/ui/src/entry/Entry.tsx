import { Box, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Logo } from "../app/Logo";
import classes from "./Entry.module.css";

/** The frame of the pages in front of the sign-in. */
export function Entry({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <Box component="main" className={classes.page}>
      <Box mb="lg">
        <Logo />
      </Box>
      <Paper className={classes.card}>
        <Stack gap="lg">
          <div>
            <Title order={1} size="h3">
              {title}
            </Title>
            {lead && (
              <Text c="dimmed" size="sm" mt={6}>
                {lead}
              </Text>
            )}
          </div>
          {children}
        </Stack>
      </Paper>
    </Box>
  );
}
