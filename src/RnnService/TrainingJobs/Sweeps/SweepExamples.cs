namespace RnnService.TrainingJobs.Sweeps;

/// <summary>Examples of the OpenAPI document.</summary>
internal static class SweepExamples
{
    /// <summary>A body that works once the demo has run.</summary>
    public const string Request = """
        {
          "dataset": "demo-sentences", "model": "demo-sweep", "name": "demo-sweep", "network": {"hidden_size": 16}, "training": {"epochs": 2},
          "grid": {"network.cell": ["gru", "lstm"], "training.learning_rate": [0.003, 0.01]}, "objective": "validation.loss"
        }
        """;

    /// <summary>Name of the sweep that the example makes.</summary>
    public const string Name = "demo-sweep";

    private const string Head = """
        "id": "sweep_0fy9kv2h6x4v7nkjbgq8955qr4", "name": "demo-sweep", "status": "running", "model": "demo-sweep", "dataset": "demo-sentences", "objective": "validation.loss",
          "grid": {"network.cell": ["gru", "lstm"], "training.learning_rate": [0.003, 0.01]},
          "progress": {"jobs": 4, "ended": 1, "fraction": 0.31}
        """;

    private const string Tail = """
        "result": null, "created_at": "2026-11-23T12:00:00Z", "finished_at": null
        """;

    /// <summary>A sweep on its way.</summary>
    public const string Sweep = $$"""
        {
          {{Head}},
          "results": [
            {"values": {"network.cell": "gru", "training.learning_rate": 0.003}, "value": 0.31, "job": "job_0fy9kv2h6x4v7nkjbgq8955qr4", "status": "succeeded", "metrics": {"train": {"loss": 0.29, "accuracy": 0.92}, "validation": {"loss": 0.31, "accuracy": 0.9, "macro_f1": 0.9} }, "error": null},
            {"values": {"network.cell": "gru", "training.learning_rate": 0.01}, "value": null, "job": "job_0fy9kv2h6x5v7nkjbgq8955qr4", "status": "running", "metrics": {}, "error": null},
            {"values": {"network.cell": "lstm", "training.learning_rate": 0.003}, "value": null, "job": "job_0fy9kv2h6x6v7nkjbgq8955qr4", "status": "queued", "metrics": {}, "error": null},
            {"values": {"network.cell": "lstm", "training.learning_rate": 0.01}, "value": null, "job": "job_0fy9kv2h6x7v7nkjbgq8955qr4", "status": "queued", "metrics": {}, "error": null}
          ],
          {{Tail}}
        }
        """;

    /// <summary>A page of sweeps.</summary>
    public const string List = $$"""
        {"object": "list", "data": [{
          {{Head}},
          {{Tail}}
        }], "first_id": "sweep_0fy9kv2h6x4v7nkjbgq8955qr4", "last_id": "sweep_0fy9kv2h6x4v7nkjbgq8955qr4", "has_more": false}
        """;
}
