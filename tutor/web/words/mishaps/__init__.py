"""What went wrong, and its mend, in Chinese: English sentence with blanks -> Traditional Chinese.

The English is made where the error is (logs and terminal show it); a blank `{}` stands for what is filled in there, and
is taken over in the same order, or by its number where the order differs. Commands stay as they are.
"""

from tutor.web.words.mishaps import documents, model, people

# By class of the error, for a sentence that is not in the list: what is known for certain. The English follows it.
KINDS: dict[str, str] = {
    "TutorError": "沒辦法完成",
    "UsageError": "這樣的要求沒辦法做",
    "DocumentError": "這份文件讀不了",
    "IndexMissing": "題庫還沒有建好索引",
    "IndexMismatch": "題庫的索引和現在的設定不合",
    "IndexBusy": "題庫正在準備中",
    "BuildEnded": "建立索引的程式中途停了",
    "IndexUnavailable": "存放索引的伺服器沒有回應",
    "DiskFull": "磁碟滿了",
    "ModelMissing": "語言模型不在這台機器上",
    "DownloadFailed": "下載沒有成功",
    "ModelUnavailable": "語言模型現在不能用",
    "NotFound": "找不到",
    "SignInNeeded": "需要先登入",
    "Forbidden": "你的帳號不能這樣做",
    "TooMany": "送出得太頻繁",
    "StoreMismatch": "紀錄的資料庫和這個版本不合",
    "StoreUnavailable": "紀錄的資料庫現在不能用",
}

SENTENCES: tuple[tuple[str, str], ...] = (*documents.SENTENCES, *model.SENTENCES, *people.SENTENCES)
