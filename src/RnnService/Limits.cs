namespace RnnService;

/// <summary>Section <c>RnnService:Limits</c>: how much one client may ask for. Each is answered with its own problem type.</summary>
internal sealed record Limits
{
    /// <summary>Bytes of a JSON body. Default 8 MiB: a hundred sequences of a thousand frames.</summary>
    public long RequestBytes { get; init; } = 8L << 20;

    /// <summary>Bytes of a dataset's file. Default 128 MiB.</summary>
    public long DatasetBytes { get; init; } = 128L << 20;

    /// <summary>Bytes of one line of a dataset's file, so that a file without line ends is not read into memory. Default 4 MiB. Plain text has no such limit.</summary>
    public int LineBytes { get; init; } = 4 << 20;

    /// <summary>Different labels of one dataset. Default 1,000: beyond it the column is an id or a text rather than a label.</summary>
    public int Labels { get; init; } = 1000;

    /// <summary>Numbers of one feature vector. Default 4,096: an image of 64 × 64.</summary>
    public int Features { get; init; } = 4096;

    /// <summary>Uploads read at the same time. Default 4; each holds about 5 MiB.</summary>
    public int ConcurrentUploads { get; init; } = 4;

    /// <summary>Inputs of one prediction request. Default 1,024.</summary>
    public int InputsPerRequest { get; init; } = 1024;

    /// <summary>Tokens or frames of one sequence. Default 16,384.</summary>
    public int StepsPerInput { get; init; } = 16_384;

    /// <summary>Tokens, frames and features of all inputs of one request to explain. Default 512: each is left out once, so the work grows with the square of a sequence's length.</summary>
    public int ExplainedSteps { get; init; } = 512;

    /// <summary>Tokens of one generated text. Default 4,096.</summary>
    public int TokensPerGeneration { get; init; } = 4096;

    /// <summary>Jobs that wait for a worker. Default 100.</summary>
    public int QueuedJobs { get; init; } = 100;

    /// <summary>Combinations of one sweep, each of which is a job. Default 64.</summary>
    public int SweepCombinations { get; init; } = 64;

    /// <summary>Event streams and sockets open at the same time. Default 256: each holds a connection but no thread.</summary>
    public int ConcurrentStreams { get; init; } = 256;

    /// <summary>Seconds a socket may send nothing before it is closed. Default 3,600; a client that is gone is noticed long before.</summary>
    public int SocketIdleSeconds { get; init; } = 3600;

    /// <summary>Bytes of one message on a socket. Default 256 KiB: a frame of thousands of numbers.</summary>
    public int SocketMessageBytes { get; init; } = 256 << 10;

    /// <summary>Requests answered at the same time. Default 512.</summary>
    public int ConcurrentRequests { get; init; } = 512;

    /// <summary>Requests per second of one API key, after a burst of as many. Default 20,000: above what two cores answer, a guard and not a quota.</summary>
    public int RequestsPerSecond { get; init; } = 20_000;

    /// <summary>The first limit that is not a positive number, as a sentence.</summary>
    public string? FirstError()
    {
        foreach (var property in typeof(Limits).GetProperties())
        {
            if (property.GetValue(this) is IConvertible value && value.ToInt64(null) < 1)
                return $"RnnService:Limits:{property.Name} is {value}; it must be at least 1.";
        }
        return null;
    }
}
