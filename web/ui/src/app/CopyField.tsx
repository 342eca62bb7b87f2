import { ActionIcon, CopyButton, Textarea, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** Text to be taken elsewhere. */
export function CopyField({ label, value }: { label: string; value: string }) {
  return (
    <Textarea
      label={label}
      value={value}
      readOnly
      autosize
      maxRows={6}
      spellCheck={false}
      onFocus={(e) => e.currentTarget.select()}
      styles={{
        input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.8rem", wordBreak: "break-all" },
      }}
      rightSection={
        <CopyButton value={value} timeout={2500}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? "Copied" : "Copy"}>
              <ActionIcon
                variant="subtle"
                onClick={copy}
                aria-label={copied ? "Copied" : `Copy ${label.toLowerCase()}`}
              >
                {copied ? <IconCheck size={18} aria-hidden="true" /> : <IconCopy size={18} aria-hidden="true" />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      }
    />
  );
}
