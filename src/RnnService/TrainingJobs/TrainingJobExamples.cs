namespace RnnService.TrainingJobs;

/// <summary>Examples of the OpenAPI document.</summary>
internal static class TrainingJobExamples
{
    /// <summary>A body that works once the demo has run.</summary>
    public const string Request = """{"dataset":"demo-sentences","model":"demo-sentiment","test_dataset":"demo-sentences-test","network":{"cell":"lstm","hidden_size":48,"embedding_size":48},"training":{"epochs":10,"learning_rate":0.003,"seed":2}}""";

    /// <summary>Name of a job that exists once the demo has run.</summary>
    public const string Name = "demo-sentiment";

    /// <summary>Id of the example's job.</summary>
    public const string Id = "job_0fy9kv2h6x4v7nkjbgq8955qr4";

    /// <summary>A page of jobs.</summary>
    public const string List = $$"""{"object": "list", "data": [{{Job}}], "first_id": "{{Id}}", "last_id": "{{Id}}", "has_more": false}""";

    /// <summary>Measurements of an epoch.</summary>
    public const string Metrics = """
        {"data": [
          {"step": 57, "epoch": 1, "split": "train", "name": "loss", "value": 0.52},
          {"step": 57, "epoch": 1, "split": "validation", "name": "accuracy", "value": 0.9}
        ]}
        """;

    /// <summary>The events of a short job.</summary>
    public const string Events = """
        id: 1
        event: status
        data: {"status":"queued"}

        id: 2
        event: status
        data: {"status":"running"}

        id: 3
        event: metrics
        data: {"data":[{"step":57,"epoch":1,"split":"train","name":"loss","value":0.52}]}

        id: 4
        event: sample
        data: {"epoch":1,"step":57,"samples":[{"input":"the plot was not funny","target":"negative","output":"negative","score":0.83}]}

        id: 5
        event: progress
        data: {"epoch":1,"epochs":3,"step":80,"total_steps":171,"fraction":0.468,"tokens_per_second":31000,"eta_seconds":1.2}

        id: 6
        event: status
        data: {"status":"succeeded"}

        id: 7
        event: done
        data: {"status":"succeeded","result":{"model":"demo-sentiment","version":1},"error":null,"metrics":{"validation":{"loss":0.31,"accuracy":0.9,"macro_f1":0.9}}}


        """;

    /// <summary>A job on its way.</summary>
    public const string Job = """
        {
          "id": "job_0fy9kv2h6x4v7nkjbgq8955qr4", "name": null, "status": "running", "model": "demo-sentiment", "dataset": "demo-sentences",
          "spec": {
            "dataset": "demo-sentences", "model": "demo-sentiment", "test_dataset": "demo-sentences-test",
            "network": {"cell": "lstm", "hidden_size": 48, "layers": 1, "bidirectional": true, "embedding_size": 128, "pooling": "max", "dropout": 0.5, "embedding_dropout": 0.5, "variational_dropout": false, "recurrent_init": "orthogonal", "forget_bias": 1},
            "tokenizer": {"kind": "word", "vocabulary_size": 30000, "min_frequency": 1, "lowercase": true, "token_ngrams": 1, "subword_features": "affix"},
            "training": {"epochs": 3, "batch_size": 32, "shard_rows": 8, "accumulate_steps": 1, "optimizer": "adam", "learning_rate": 0.001, "weight_decay": 0, "schedule": "cosine", "warmup_steps": 50, "clip_norm": 1, "label_smoothing": 0, "class_weights": "none", "unknown_rate": 0.1, "validation_fraction": 0.1, "early_stopping_patience": 3, "seed": 1}
          },
          "progress": {"epoch": 1, "epochs": 3, "step": 80, "total_steps": 171, "fraction": 0.468, "tokens_per_second": 31000, "eta_seconds": 1.2},
          "metrics": {"train": {"loss": 0.52, "accuracy": 0.74}, "validation": {"loss": 0.31, "accuracy": 0.9, "macro_f1": 0.9}},
          "baseline": {"name": "naive_bayes", "metric": "accuracy", "split": "test", "value": 0.76, "interval": [0.69, 0.82], "majority": {"label": "negative", "accuracy": 0.5}, "model": null, "model_beats_baseline": null},
          "result": null, "warnings": [], "error": null, "attempt": 0, "worker": "server-4711",
          "created_at": "2026-11-23T12:00:00Z", "started_at": "2026-11-23T12:00:00.3Z", "finished_at": null
        }
        """;

    /// <summary>A job that verifies a version, at its end; just accepted it has no result yet.</summary>
    public const string Verification = """
        {
          "id": "job_0fy9kv2h6x4v7nkjbgq8955qr4", "name": null, "status": "succeeded", "model": "demo-sentiment", "dataset": "demo-sentences",
          "spec": {
            "dataset": "demo-sentences", "model": "demo-sentiment",
            "network": {"cell": "lstm", "hidden_size": 48, "layers": 1, "bidirectional": true, "embedding_size": 48, "pooling": "max", "dropout": 0.5, "embedding_dropout": 0.5, "variational_dropout": false, "recurrent_init": "orthogonal", "forget_bias": 1},
            "tokenizer": {"kind": "word", "vocabulary_size": 30000, "min_frequency": 1, "lowercase": true, "token_ngrams": 1, "subword_features": "affix"},
            "training": {"epochs": 3, "batch_size": 32, "shard_rows": 8, "accumulate_steps": 1, "optimizer": "adam", "learning_rate": 0.001, "weight_decay": 0, "schedule": "cosine", "warmup_steps": 50, "clip_norm": 1, "label_smoothing": 0, "class_weights": "none", "unknown_rate": 0.1, "validation_fraction": 0.1, "early_stopping_patience": 3, "seed": 1}
          },
          "progress": {"epoch": 3, "epochs": 3, "step": 171, "total_steps": 171, "fraction": 1, "tokens_per_second": 31000, "eta_seconds": null},
          "metrics": {"train": {"loss": 0.21, "accuracy": 0.99, "macro_f1": 0.99}, "validation": {"loss": 0.31, "accuracy": 0.9, "macro_f1": 0.9}},
          "baseline": null, "verifies": "demo-sentiment:1",
          "result": {"model": "demo-sentiment", "version": 1, "verification": {
            "verified": true, "receipt_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752", "stored_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
            "replayed_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752", "detail": "The replay's weights are bit-identical to those of the receipt and to those stored."}},
          "warnings": [], "error": null, "attempt": 0, "worker": "server-4711",
          "created_at": "2026-11-23T12:00:00Z", "started_at": "2026-11-23T12:00:00.3Z", "finished_at": "2026-11-23T12:00:04Z"
        }
        """;
}
