import { Group, Text } from "@mantine/core";
import classes from "./Logo.module.css";

export function Logo() {
  return (
    <Group gap={9} wrap="nowrap">
      <svg className={classes.mark} viewBox="0 0 30 20" width="30" height="20" aria-hidden="true">
        <circle cx="10" cy="10" r="7.2" />
        <circle cx="20" cy="10" r="7.2" />
      </svg>
      <Text component="span" className={classes.word}>
        tandem
      </Text>
    </Group>
  );
}
