namespace RnnService.TrainingJobs.Insight;

/// <summary>Examples of the OpenAPI document.</summary>
internal static class InsightExamples
{
    /// <summary>A request for advice that the demo's job has.</summary>
    public const string AdviceRequest = """{"code":"gated_cell"}""";

    /// <summary>Name of a job that has this advice once the demo has run.</summary>
    public const string Name = "demo-memory";

    /// <summary>A point of an LSTM.</summary>
    public const string GradientFlow = """
        {"data": [
          {"step": 400, "layer": 0, "direction": "forward", "lag_gradient_norm": [0.21, 0.083, 0.052], "cell_lag_gradient_norm": [0.31, 0.26, 0.21], "decay_per_step": 0.83,
           "effective_memory_steps": 25, "memory_threshold": 0.01, "needed_steps": 16, "recurrent_spectral_radius": 1.0, "saturation_fraction": 0.31,
           "gate_means": {"input": 0.44, "forget": 0.71, "output": 0.48},
           "gradient_norm": {"before_clip": 7.4, "after_clip": 5.0, "clipped_fraction": 0.22}, "weight_norm": 31.2, "update_norm": 0.041, "bptt_steps": null,
           "verdict": "healthy", "advice": []}
        ]}
        """;
}
