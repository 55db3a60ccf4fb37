<footer class="site-footer"><p>Proudly made by hand.</p></footer>
<script
  src="https://hub.example.com/widget.js"
  data-key="cwk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
  data-title="Talk to support"
  data-color="#1B3A6B"
  data-position="bottom-right"
  defer
></script>
</body>
</html>
