namespace RnnService.Storage;

/// <summary>The shapes of recurrent networks, one task each.</summary>
internal enum LearningTask
{
    /// <summary>One to one: a feature vector in, a label out.</summary>
    VectorClassification,

    /// <summary>One to many: a feature vector in, a text out.</summary>
    Captioning,

    /// <summary>Many to one: a text, tokens or frames in, a label out.</summary>
    SequenceClassification,

    /// <summary>Many to many: a label as each input arrives.</summary>
    SequenceLabeling,

    /// <summary>Many to many: read all, then emit.</summary>
    Translation,

    /// <summary>Many to many in training: the next token of a text.</summary>
    LanguageModeling,
}
