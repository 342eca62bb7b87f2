import { QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiError, client, need } from "./client";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

/** Whoever is signed in, or null. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => {
    try {
      return await need(client.GET("/session"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const portalQuery = queryOptions({
  queryKey: ["portal"],
  queryFn: () => need(client.GET("/portal")),
  staleTime: 60_000,
});

export type Folder = "inbox" | "trash";

export const messagesQuery = (folder: Folder) =>
  queryOptions({
    queryKey: ["messages", folder],
    queryFn: () => need(client.GET("/messages", { params: { query: { folder } } })),
  });

export const peaksQuery = (id: string) =>
  queryOptions({
    queryKey: ["peaks", id],
    queryFn: () => need(client.GET("/messages/{id}/peaks", { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const usersQuery = queryOptions({ queryKey: ["users"], queryFn: () => need(client.GET("/admin/users")) });

export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: () => need(client.GET("/admin/invitations")),
});

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: () => need(client.GET("/admin/overview")),
  refetchInterval: 5_000,
});
