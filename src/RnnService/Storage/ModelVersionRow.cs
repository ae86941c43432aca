namespace RnnService.Storage;

/// <summary>One published set of weights with all that is needed to serve and to reproduce it.</summary>
internal sealed class ModelVersionRow
{
    /// <summary>Name of the model.</summary>
    public required string Model { get; set; }

    /// <summary>Counts from 1.</summary>
    public int Version { get; set; }

    /// <summary>The job that made it.</summary>
    public required string JobId { get; set; }

    /// <summary>Weights, tokenizer and labels as safetensors.</summary>
    public required string BlobId { get; set; }

    /// <summary>The whole resolved spec as JSON.</summary>
    public required string SpecJson { get; set; }

    /// <summary>Final metrics per split as JSON.</summary>
    public required string MetricsJson { get; set; }

    /// <summary>What the weights follow from, as JSON.</summary>
    public required string ReceiptJson { get; set; }

    /// <summary>SHA-256 over the tensors in name order (name, dtype, shape, bytes).</summary>
    public required string WeightsSha256 { get; set; }

    /// <summary>When it was published (UTC).</summary>
    public DateTime CreatedAt { get; set; }
}
