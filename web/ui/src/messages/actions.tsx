import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { client, type Message, need, sentence } from "../api/client";
import { type Folder, messagesQuery } from "../api/queries";

const path = (m: Message) => ({ params: { path: { id: m.id } } });

/** What can be done with a message. The list shows it at once; the server has the last word. */
export function useActions(folder: Folder) {
  const queries = useQueryClient();
  const key = messagesQuery(folder).queryKey;
  const look = () => queries.invalidateQueries({ queryKey: ["messages"] });
  const failed = (error: unknown) => notifications.show({ color: "red", message: sentence(error) });

  const change = (f: (list: Message[]) => Message[]) =>
    queries.setQueryData(key, (old) => {
      if (!old) return old;
      const messages = f(old.messages);
      return { ...old, messages, new: folder === "inbox" ? messages.filter((m) => !m.heard).length : old.new };
    });

  const mark = useMutation({
    mutationFn: ({ m, heard }: { m: Message; heard: boolean }) =>
      need(client.PATCH("/messages/{id}", { ...path(m), body: { heard } })),
    onMutate: ({ m, heard }) => change((list) => list.map((x) => (x.id === m.id ? { ...x, heard } : x))),
    onError: failed,
    onSettled: look,
  });
  const restore = useMutation({
    mutationFn: (m: Message) => need(client.POST("/messages/{id}/restore", path(m))),
    onMutate: (m) => folder === "trash" && change((list) => list.filter((x) => x.id !== m.id)),
    onError: failed,
    onSettled: look,
  });
  const trash = useMutation({
    mutationFn: (m: Message) => need(client.DELETE("/messages/{id}", path(m))),
    onMutate: (m) => {
      void queries.cancelQueries({ queryKey: key });
      change((list) => list.filter((x) => x.id !== m.id));
      offerUndo(m, () => restore.mutate(m));
    },
    onError: (error, m) => {
      notifications.hide(`undo-${m.id}`);
      failed(error);
    },
    onSettled: look,
  });
  const destroy = useMutation({
    mutationFn: (m: Message) =>
      need(client.DELETE("/messages/{id}", { params: { path: { id: m.id }, query: { forever: true } } })),
    onMutate: (m) => change((list) => list.filter((x) => x.id !== m.id)),
    onError: failed,
    onSettled: look,
  });
  return {
    mark: (m: Message, heard: boolean) => mark.mutate({ m, heard }),
    trash: (m: Message) => trash.mutate(m),
    restore: (m: Message) => restore.mutate(m),
    destroy: (m: Message) => destroy.mutate(m),
  };
}

function offerUndo(m: Message, undo: () => void) {
  const id = `undo-${m.id}`;
  notifications.show({
    id,
    color: "gray",
    closeButtonProps: { "aria-label": "Dismiss" },
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">Message deleted</Text>
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => {
            notifications.hide(id);
            undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
