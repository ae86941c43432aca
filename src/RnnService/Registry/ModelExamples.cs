namespace RnnService.Registry;

/// <summary>Examples of the OpenAPI document: the demo's model.</summary>
internal static class ModelExamples
{
    /// <summary>A name that exists once the demo has run.</summary>
    public const string Name = "demo-sentiment";

    private const string Metrics = """{"train": {"loss": 0.01, "accuracy": 1.0, "macro_f1": 1.0}, "validation": {"loss": 0.03, "accuracy": 0.99, "macro_f1": 0.99}, "test": {"loss": 0.04, "accuracy": 0.985, "macro_f1": 0.985}}""";

    private const string Spec = """
        {
          "dataset": "demo-sentences", "model": "demo-sentiment", "test_dataset": "demo-sentences-test",
          "network": {"cell": "lstm", "hidden_size": 48, "layers": 1, "bidirectional": true, "embedding_size": 48, "pooling": "max", "dropout": 0.5, "embedding_dropout": 0.5, "recurrent_init": "orthogonal", "forget_bias": 1},
          "tokenizer": {"kind": "word", "vocabulary_size": 30000, "min_frequency": 2, "lowercase": true, "token_ngrams": 1, "subword_features": "affix"},
          "training": {"epochs": 10, "batch_size": 32, "shard_rows": 8, "optimizer": "adam", "learning_rate": 0.003, "weight_decay": 0, "schedule": "cosine", "warmup_steps": 50, "clip_norm": 1, "label_smoothing": 0.2, "unknown_rate": 0.1, "validation_fraction": 0.1, "early_stopping_patience": 3, "seed": 1}
        }
        """;

    /// <summary>A model with one version.</summary>
    public const string Model = $$"""
        {
          "name": "demo-sentiment", "task": "sequence_classification", "aliases": {"production": 1},
          "versions": [{"version": 1, "created_at": "2026-11-23T12:00:05Z", "metrics": {{Metrics}}, "job": "job_0fy9kv2h6x4v7nkjbgq8955qr4"}],
          "created_at": "2026-11-23T12:00:05Z"
        }
        """;

    /// <summary>A page of models.</summary>
    public const string List = $$"""{"object": "list", "data": [{{Model}}], "first_id": "demo-sentiment", "last_id": "demo-sentiment", "has_more": false}""";

    /// <summary>A version with its receipt.</summary>
    public const string Version = $$"""
        {
          "model": "demo-sentiment", "version": 1, "task": "sequence_classification", "aliases": ["production"], "bytes": 412345,
          "created_at": "2026-11-23T12:00:05Z", "metrics": {{Metrics}}, "job": "job_0fy9kv2h6x4v7nkjbgq8955qr4", "spec": {{Spec}},
          "receipt": {
            "dataset_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "spec": {{Spec}}, "seed": 1,
            "engine_version": "1.0.0", "instruction_set": "x64-256", "weights_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
          }
        }
        """;
}
