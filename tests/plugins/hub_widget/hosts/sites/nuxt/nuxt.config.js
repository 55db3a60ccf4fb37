export default defineNuxtConfig({
  telemetry: false,
  app: {
    head: {
      script: [
        {
          src: "https://hub.example.com/widget.js",
          "data-key": "cwk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          "data-title": "Chat with support",
          defer: true,
        },
      ],
    },
  },
});
