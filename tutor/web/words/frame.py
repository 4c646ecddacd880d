"""Words of the frame: masthead, tabs, and what every tab says."""

TEXTS: dict[str, tuple[str, str]] = {
    "title": ("面試家教", "Interview tutor"),
    "tagline": (
        "只根據一份題庫回答，每句話都標出是哪一題",
        "Answers from one document only, and names the question behind every sentence",
    ),
    "language": ("介面語言", "Language of the page"),
    "sign-out": ("登出 {name}", "Sign out {name}"),
    "theme": ("切換深淺色", "Switch light and dark"),
    "skip-to-content": ("跳到主要內容", "Skip to the content"),
    "tabs": ("頁面", "Pages"),
    "tab-ask": ("提問", "Ask"),
    "tab-practise": ("練習", "Practise"),
    "tab-progress": ("進度", "Progress"),
    "tab-library": ("題庫", "Library"),
    "tab-status": ("狀態", "Status"),
    "question": ("第 {number} 題", "Q{number}"),
    "uncategorised": ("未分類", "Without category"),
    "problem": ("這次沒有成功：{reason}", "That did not work: {reason}"),
    "bug": (
        "程式出了意外的錯，這次沒有完成。細節在伺服器的記錄裡，可以再試一次。",
        "Something unexpected went wrong and this was not done. The server's log has the details; trying again may help.",
    ),
    "lost-connection": (
        "和伺服器的連線斷了。伺服器回來後請重新整理，內容都還在。",
        "The connection to the server is lost. Reload once it is back; nothing is lost.",
    ),
    "undo": ("復原", "Undo"),
    "cancel": ("取消", "Cancel"),
    "close": ("關閉", "Close"),
    "copied": ("已複製", "Copied"),
    "loading": ("載入中…", "Loading…"),
    "seconds": ("{count} 秒", "{count} s"),
}
