/** What the widget says, in English; the business's language comes with the stream's first event. */
export const words: Record<string, string> = {
  title: "Chat with us",
  write: "Write a message",
  send: "Send",
  close: "Close",
  sending: "Sending…",
  waiting: "Waiting…",
  sent: "Sent",
  failed: "Not sent. Retry",
  greeting: "Hi! How can we help?",
};
