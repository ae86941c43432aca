namespace RnnService.Datasets;

/// <summary>What the OpenAPI document shows.</summary>
internal static class Examples
{
    /// <summary>A dataset.</summary>
    public const string Dataset = """
        {
          "id": "ds_1cb3v9w2k7q0f5x8m4t6r1h2jd",
          "name": "demo-sentences",
          "task": "sequence_classification",
          "format": "csv",
          "input": "text",
          "rows": 4000,
          "bytes": 212345,
          "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
          "labels": { "negative": 2000, "positive": 2000 },
          "feature_size": null,
          "feature_names": null,
          "lengths": { "min": 2, "p50": 8, "p95": 15, "max": 21 },
          "target_lengths": null,
          "warnings": [],
          "created_at": "2026-11-23T12:00:00Z"
        }
        """;

    /// <summary>A page of datasets.</summary>
    public const string List = $$"""
        {
          "object": "list",
          "data": [{{Dataset}}],
          "first_id": "ds_1cb3v9w2k7q0f5x8m4t6r1h2jd",
          "last_id": "ds_1cb3v9w2k7q0f5x8m4t6r1h2jd",
          "has_more": false
        }
        """;
}
